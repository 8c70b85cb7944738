#include "services/routing/sim/audit.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "trama/outbound/v1/outbound_events.pb.h"

namespace trama::routing::sim {
namespace {

int64_t Millis(const google::protobuf::Timestamp& timestamp) {
  return timestamp.seconds() * 1000 + timestamp.nanos() / 1'000'000;
}

bool IsWaiting(conversation::v1::State state) { return state == conversation::v1::STATE_QUEUED; }

}  // namespace

template <typename... Parts>
void Audit::Complain(const Event& event, const Parts&... parts) {
  complaints_.push_back(absl::StrCat("conversation ", event.conversation_id(), " event ",
                                     event.sequence(), ": ", parts...));
}

void Audit::KnowRevision(int64_t revision, const config::v1::Snapshot& snapshot) {
  Configuration& config = configurations_[revision];
  for (const config::v1::Resource& resource : snapshot.resources()) {
    const std::string key =
        absl::StrCat(resource.metadata().workspace(), "/", resource.metadata().name());
    if (resource.has_queue()) {
      Queue& queue = config.queues[key];
      for (const auto& skill : resource.queue().required_skills()) {
        queue.skills[skill.skill()] = skill.proficiency_min();
      }
    }
    if (resource.has_agent()) {
      Worker& worker = config.workers[key];
      worker.skills = {resource.agent().skills().begin(), resource.agent().skills().end()};
      worker.queues = {resource.agent().queues().begin(), resource.agent().queues().end()};
      worker.units = resource.agent().units() == 0 ? 100 : resource.agent().units();
    }
  }
}

void Audit::KnowWork(const v1::Work& work) {
  works_.emplace(work.interaction().interaction_id(), work);
}

void Audit::KnowTakeover(int64_t now_ms) {
  taken_over_ms_ = now_ms;
  for (auto& [id, conversation] : conversations_) {
    if (conversation.state == conversation::v1::STATE_OFFERED) {
      conversation.offer_expires_ms = now_ms + 20'000;
    }
  }
}

void Audit::KnowAccept(const std::string& agent, const std::string& offer_id, bool ok,
                       const std::string& reason) {
  static const std::set<std::string> reasons = {"OFFER_ALREADY_TIMED_OUT", "OFFER_WITHDRAWN",
                                                "OFFER_ACCEPTED_BY_OTHER", "OFFER_UNKNOWN",
                                                "UNKNOWN_AGENT",           "NOT_YOURS"};
  const auto accepted = accepted_by_.find(offer_id);
  if (ok && (accepted == accepted_by_.end() || accepted->second != agent)) {
    complaints_.push_back(absl::StrCat("yes to ", agent, " who has not accepted ", offer_id));
  }
  if (!ok && !reasons.contains(reason)) {
    complaints_.push_back(absl::StrCat("no to offer ", offer_id, " without a reason: ", reason));
  }
}

void Audit::Read(const OutRecord& record) {
  if (!record_ids_.insert(record.topic + "/" + record.id).second) {
    complaints_.push_back(absl::StrCat("id twice on ", record.topic, ": ", record.id));
  }
  if (record.topic == "trama.conversations.v1") ReadConversation(record);
  if (record.topic == "trama.agents.v1") ReadAgent(record);
  if (record.topic.rfind("trama.outbound.", 0) == 0) ReadOutbound(record);
  if (record.topic == "trama.deadletter.v1") complaints_.push_back("a dead letter");
}

void Audit::ReadConversation(const OutRecord& record) {
  Event event;
  if (!event.ParseFromString(record.value)) complaints_.push_back("an event that cannot be read");
  Conversation& conversation = conversations_[event.conversation_id()];
  conversation.id = event.conversation_id();
  if (event.sequence() != ++conversation.sequence) Complain(event, "gap in the sequence");
  if (event.sequence() == 1) {
    conversation.workspace = event.workspace();
    conversation.channel = event.channel();
  }
  if (event.workspace() != conversation.workspace) Complain(event, "has changed its workspace");
  ReadFact(event, conversation);
  conversation.state = event.state();
}

void Audit::ReadFact(const Event& event, Conversation& conversation) {
  const int64_t now_ms = Millis(event.occurred_at());
  switch (event.fact_case()) {
    case Event::kMessageReceived:
      return OnMessage(event, conversation);
    case Event::kQueued:
      return OnQueued(event, conversation);
    case Event::kOffered:
      return OnOffered(event, conversation);
    case Event::kOfferEnded:
      return OnOfferEnded(event, conversation);
    case Event::kAccepted:
      return OnAccepted(event, conversation);
    case Event::kReplySent:
      if (conversation.state != conversation::v1::STATE_ASSIGNED ||
          event.reply_sent().agent_id() != conversation.agent) {
        Complain(event, "reply by somebody who does not have it");
      }
      return;
    case Event::kResolved:
      if (event.resolved().active_ms() != now_ms - conversation.accepted_ms) {
        Complain(event, "wrong active time");
      }
      conversation.ends_ms = now_ms + kReopenWindowMs;
      conversation.unattended.clear();
      return;
    case Event::kWrapUpStarted:
      conversation.wraps_until_ms = Millis(event.wrap_up_started().ends_by());
      return;
    case Event::kWrapUpCompleted:
      return OnWrapUpCompleted(event, conversation);
    case Event::kClosed:
      return OnClosed(event, conversation);
    default:
      return;
  }
}

void Audit::OnMessage(const Event& event, Conversation& conversation) {
  const std::string& id = event.message_received().interaction_id();
  const auto work = works_.find(id);
  if (work == works_.end()) return Complain(event, "message ", id, " was never sent");
  if (!taken_in_.emplace(id, conversation.id).second) Complain(event, "message ", id, " twice");
  if (work->second.interaction().workspace() != conversation.workspace) {
    Complain(event, "message of another workspace");
  }
  if (!work->second.interaction().automatic()) conversation.unattended = id;
  conversation.customer = work->second.interaction().sender().identifier().value();
  const std::string thread =
      absl::StrCat(conversation.workspace, "/", work->second.keys().thread());
  std::string& newest = newest_of_thread_[thread];
  const bool goes_on =
      !newest.empty() && conversations_[newest].state != conversation::v1::STATE_CLOSED;
  if (goes_on && newest != conversation.id) Complain(event, "the thread's conversation was open");
  const int64_t received_ms = Millis(event.message_received().received_at());
  if (!newest.empty() && newest != conversation.id &&
      received_ms < conversations_[newest].ends_ms) {
    Complain(event, "came in time for ", newest, " which was closed before it was read");
  }
  newest = conversation.id;
}

void Audit::OnClosed(const Event& event, const Conversation& conversation) {
  if (conversation.state != conversation::v1::STATE_RESOLVED &&
      conversation.state != conversation::v1::STATE_UNATTENDED &&
      conversation.state != conversation::v1::STATE_ABANDONED) {
    Complain(event, "closed while somebody has to answer");
  }
  if (Millis(event.occurred_at()) < conversation.ends_ms) Complain(event, "closed too early");
}

void Audit::OnQueued(const Event& event, Conversation& conversation) {
  const conversation::v1::Queued& queued = event.queued();
  if (conversation.state == conversation::v1::STATE_ASSIGNED) {
    agents_[conversation.workspace + "/" + conversation.agent].load.erase(conversation.id);
  }
  if (queued.is_new_entry()) {
    conversation.excluded_until_ms.clear();
  } else if (!IsWaiting(conversation.state)) {
    Complain(event, "moved to another queue without waiting in one");
  }
  const int64_t first_ms = Millis(queued.first_enqueued_at());
  if (conversation.first_enqueued_ms != 0 && conversation.first_enqueued_ms != first_ms) {
    Complain(event, "has lost its age");
  }
  conversation.first_enqueued_ms = first_ms;
  conversation.enqueued_ms = Millis(queued.enqueued_at());
  conversation.queue = queued.queue();
  conversation.priority = queued.priority();
}

bool Audit::MayTake(const Configuration& config, const Conversation& conversation,
                    const std::string& agent_key, int64_t now_ms) const {
  const std::string name = agent_key.substr(conversation.workspace.size() + 1);
  const auto queue = config.queues.find(conversation.workspace + "/" + conversation.queue);
  const auto worker = config.workers.find(agent_key);
  const auto agent = agents_.find(agent_key);
  if (agent_key.rfind(conversation.workspace + "/", 0) != 0) return false;
  if (queue == config.queues.end() || worker == config.workers.end()) return false;
  if (agent == agents_.end()) return false;
  if (agent->second.presence != agent::v1::PRESENCE_AVAILABLE) return false;
  if (agent->second.units() + kUnits > worker->second.units) return false;
  const auto& queues = worker->second.queues;
  if (!queues.empty() && !queues.contains(conversation.queue)) return false;
  for (const auto& [skill, level] : queue->second.skills) {
    const auto has = worker->second.skills.find(skill);
    if (has == worker->second.skills.end() || has->second < level) return false;
  }
  const auto excluded = conversation.excluded_until_ms.find(name);
  return excluded == conversation.excluded_until_ms.end() || excluded->second <= now_ms;
}

bool Audit::Before(const Conversation& a, const Conversation& b) const {
  const int64_t score_a = a.first_enqueued_ms - a.priority * 60'000;
  const int64_t score_b = b.first_enqueued_ms - b.priority * 60'000;
  return std::tie(score_a, a.first_enqueued_ms, a.id) <
         std::tie(score_b, b.first_enqueued_ms, b.id);
}

bool Audit::AgentBefore(const std::string& a, const std::string& b) const {
  const auto place = [this](const std::string& key) {
    const Agent& agent = agents_.at(key);
    const int64_t since = agent.units() == 0 ? agent.idle_since_ms : agent.last_accepted_ms;
    return std::make_tuple(agent.units(), since, key);
  };
  return place(a) < place(b);
}

void Audit::OnOffered(const Event& event, Conversation& conversation) {
  const conversation::v1::Offered& offered = event.offered();
  const int64_t now_ms = Millis(event.occurred_at());
  const std::string chosen = conversation.workspace + "/" + offered.agent_id();
  const auto config = configurations_.find(offered.decision().config_revision());
  if (config == configurations_.end()) return Complain(event, "a revision that does not exist");
  if (!IsWaiting(conversation.state)) Complain(event, "offered without waiting");
  if (!MayTake(config->second, conversation, chosen, now_ms)) {
    return Complain(event, "offered to ", chosen, " who may not take it");
  }
  for (const auto& [key, agent] : agents_) {
    if (key != chosen && MayTake(config->second, conversation, key, now_ms) &&
        AgentBefore(key, chosen)) {
      Complain(event, "offered to ", chosen, " although ", key, " comes first");
    }
  }
  for (const auto& [id, other] : conversations_) {
    if (id != conversation.id && IsWaiting(other.state) && Before(other, conversation) &&
        MayTake(config->second, other, chosen, now_ms)) {
      Complain(event, "offered to ", chosen, " although ", id, " comes first");
    }
  }
  conversation.agent = offered.agent_id();
  conversation.offer_id = offered.offer_id();
  conversation.offer_expires_ms = Millis(offered.expires_at());
  agents_[chosen].offered.insert(conversation.id);
}

void Audit::OnOfferEnded(const Event& event, Conversation& conversation) {
  const conversation::v1::OfferEnded& ended = event.offer_ended();
  const int64_t now_ms = Millis(event.occurred_at());
  if (ended.offer_id() != conversation.offer_id) Complain(event, "another offer was open");
  Agent& agent = agents_[conversation.workspace + "/" + ended.agent_id()];
  agent.offered.erase(conversation.id);
  if (ended.reason() == conversation::v1::OfferEnded::REASON_TIMED_OUT) {
    if (now_ms < conversation.offer_expires_ms) Complain(event, "timed out too early");
    agent.idle_since_ms = now_ms;
  }
  if (ended.has_excluded_until()) {
    conversation.excluded_until_ms[ended.agent_id()] = Millis(ended.excluded_until());
  }
  conversation.offer_id.clear();
}

void Audit::OnAccepted(const Event& event, Conversation& conversation) {
  const conversation::v1::Accepted& accepted = event.accepted();
  const int64_t now_ms = Millis(event.occurred_at());
  const bool is_open = conversation.state == conversation::v1::STATE_OFFERED &&
                       accepted.offer_id() == conversation.offer_id &&
                       accepted.agent_id() == conversation.agent;
  if (!is_open) Complain(event, "accepted an offer that was not open");
  if (now_ms >= conversation.offer_expires_ms) Complain(event, "accepted after its deadline");
  const std::string key = conversation.workspace + "/" + accepted.agent_id();
  if (event.actor().id() != accepted.agent_id()) Complain(event, "accepted for somebody else");
  if (accepted.waited_ms() != now_ms - conversation.enqueued_ms) Complain(event, "wrong waiting");
  Agent& agent = agents_[key];
  agent.offered.erase(conversation.id);
  agent.load.insert(conversation.id);
  agent.last_accepted_ms = now_ms;
  conversation.accepted_ms = now_ms;
  conversation.excluded_until_ms.clear();
  accepted_by_[accepted.offer_id()] = key;
}

void Audit::OnWrapUpCompleted(const Event& event, Conversation& conversation) {
  if (event.wrap_up_completed().timed_out() &&
      (conversation.wraps_until_ms == 0 ||
       Millis(event.occurred_at()) < conversation.wraps_until_ms)) {
    Complain(event, "the wrap-up was over too early");
  }
  Agent& agent = agents_[conversation.workspace + "/" + event.wrap_up_completed().agent_id()];
  agent.load.erase(conversation.id);
  if (agent.load.empty()) agent.idle_since_ms = Millis(event.occurred_at());
}

void Audit::ReadAgent(const OutRecord& record) {
  agent::v1::AgentEvent event;
  if (!event.ParseFromString(record.value)) complaints_.push_back("an event that cannot be read");
  Agent& agent = agents_[event.workspace() + "/" + event.agent_id()];
  const int64_t now_ms = Millis(event.occurred_at());
  if (event.has_heartbeat_lost() && (event.heartbeat_lost().silent_ms() < kHeartbeatTimeoutMs ||
                                     now_ms - taken_over_ms_ < kHeartbeatTimeoutMs)) {
    complaints_.push_back(absl::StrCat(record.key, " had no time to be heard"));
  }
  if (event.has_presence_changed()) {
    const agent::v1::PresenceChanged& changed = event.presence_changed();
    if (changed.from() != agent.presence) {
      complaints_.push_back(absl::StrCat(record.key, " was not what he changed from"));
    }
    const bool comes =
        changed.to() == agent::v1::PRESENCE_AVAILABLE && agent.presence != changed.to();
    if (comes && agent.load.empty()) agent.idle_since_ms = now_ms;
    agent.presence = changed.to();
    // Deleted: whoever comes under this name again is somebody else.
    if (changed.reason() == "deleted") agent.last_accepted_ms = agent.idle_since_ms = 0;
  }
  if (event.has_load_changed() &&
      event.load_changed().units_held() != kUnits * static_cast<int32_t>(agent.load.size())) {
    complaints_.push_back(absl::StrCat(record.key, " holds ", agent.load.size(),
                                       " conversations, not ", event.load_changed().units_held(),
                                       " units"));
  }
}

void Audit::ReadOutbound(const OutRecord& record) {
  outbound::v1::OutboundMessage message;
  if (!message.ParseFromString(record.value))
    complaints_.push_back("an answer that cannot be read");
  const std::string& text = message.parts(0).text().body();
  if (!answers_.insert(text).second) complaints_.push_back(absl::StrCat(text, " was said twice"));
  const auto conversation = conversations_.find(message.conversation_id());
  if (conversation == conversations_.end() ||
      conversation->second.workspace != message.workspace() ||
      conversation->second.customer != message.recipient().value()) {
    complaints_.push_back(absl::StrCat(text, " went to somebody else"));
  }
}

void Audit::CheckComplete() {
  for (const auto& [id, work] : works_) {
    if (!taken_in_.contains(id)) complaints_.push_back(absl::StrCat("message ", id, " was lost"));
  }
  for (const auto& [id, conversation] : conversations_) {
    if (conversation.unattended.empty()) continue;
    complaints_.push_back(absl::StrCat("nobody has dealt with message ", conversation.unattended));
  }
}

int Audit::open_count() const {
  return static_cast<int>(
      std::count_if(conversations_.begin(), conversations_.end(), [](const auto& entry) {
        const conversation::v1::State state = entry.second.state;
        return state == conversation::v1::STATE_QUEUED ||
               state == conversation::v1::STATE_OFFERED ||
               state == conversation::v1::STATE_ASSIGNED ||
               state == conversation::v1::STATE_WRAPPING;
      }));
}

}  // namespace trama::routing::sim
