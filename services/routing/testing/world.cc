#include "services/routing/testing/world.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "services/kernel/check.h"
#include "services/kernel/errors.h"
#include "services/kernel/testing/load_rows.h"
#include "services/routing/publish.h"

namespace trama::routing::testing {
namespace {

using conversation::v1::ConversationEvent;

constexpr int kTicksAtOnceMax = 10'000;

std::string EndedInWords(const conversation::v1::OfferEnded& ended) {
  switch (ended.reason()) {
    case conversation::v1::OfferEnded::REASON_DECLINED:
      return absl::StrCat("declined by ", ended.agent_id());
    case conversation::v1::OfferEnded::REASON_TIMED_OUT:
      return absl::StrCat("timed out at ", ended.agent_id());
    case conversation::v1::OfferEnded::REASON_WITHDRAWN:
      return absl::StrCat("withdrawn from ", ended.agent_id());
    default:
      return absl::StrCat("canceled at ", ended.agent_id());
  }
}

std::string FactInWords(const ConversationEvent& event) {
  switch (event.fact_case()) {
    case ConversationEvent::kOpened:
      return "opened";
    case ConversationEvent::kMessageReceived:
      return event.message_received().automatic() ? "automatic message" : "message";
    case ConversationEvent::kQueued:
      return absl::StrCat("queued ", event.queued().queue());
    case ConversationEvent::kOffered:
      return absl::StrCat("offered to ", event.offered().agent_id());
    case ConversationEvent::kOfferEnded:
      return EndedInWords(event.offer_ended());
    case ConversationEvent::kAccepted:
      return absl::StrCat("accepted by ", event.accepted().agent_id());
    case ConversationEvent::kReplySent:
      return absl::StrCat("reply by ", event.reply_sent().agent_id());
    case ConversationEvent::kNoteAdded:
      return absl::StrCat("note by ", event.note_added().agent_id());
    case ConversationEvent::kResolved:
      return absl::StrCat("resolved by ", event.resolved().agent_id());
    case ConversationEvent::kWrapUpStarted:
      return "wrapping up";
    case ConversationEvent::kWrapUpCompleted:
      return absl::StrCat("wrapped up", event.wrap_up_completed().codes().empty() ? "" : ": ",
                          absl::StrJoin(event.wrap_up_completed().codes(), ","));
    case ConversationEvent::kReopened:
      return "reopened";
    case ConversationEvent::kClosed:
      return "closed";
    case ConversationEvent::kAbandoned:
      return event.abandoned().is_short() ? "abandoned soon" : "abandoned";
    case ConversationEvent::kFactsLearned:
      return "facts learned";
    case ConversationEvent::kDeliveryChanged:
      return absl::StrCat("delivery ", event.delivery_changed().status());
    case ConversationEvent::kConsentChanged:
      return absl::StrCat("consent ", event.consent_changed().action());
    case ConversationEvent::FACT_NOT_SET:
      break;
  }
  return "no fact";
}

template <typename Message>
Message Parse(const OutRecord& record) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(record.value)) << record.type;
  return message;
}

}  // namespace

World::World(int32_t partition, size_t awake_max)
    : partition_(partition),
      awake_max_(awake_max),
      start_(absl::FromUnixSeconds(1'767'225'600)),
      now_(start_) {
  Restart();
}

World::Words World::Restart() {
  machine_ = std::make_unique<RoutingMachine>(partition_, Rest{.awake_max = awake_max_});
  questions_.clear();
  trama::testing::LoadRows(rows_, *machine_);
  return Apply(TakenOver{++incarnation_});
}

World::Words World::Apply(Input input) {
  Words words;
  ApplyOnce(input, words);
  for (int ticks = 0; machine_->NextDeadline() <= now_; ++ticks) {
    TRAMA_CHECK(ticks < kTicksAtOnceMax);
    ApplyOnce(trama::Tick{}, words);
  }
  return words;
}

void World::ApplyOnce(const Input& input, Words& words) {
  Effects effects;
  machine_->Apply({.now = now_, .caught_up = std::min(now_, caught_up_held_)}, input, effects);
  machine_->CheckInvariants();
  for (const RowChange& change : machine_->TakeChangedRows()) {
    if (change.value) {
      rows_[change.key] = *change.value;
    } else {
      rows_.erase(change.key);
    }
  }
  machine_->CheckAtRest();
  Take(effects, words);
}

void World::Take(Effects& effects, Words& words) {
  for (OutRecord& record : effects.records) {
    Note(record, words);
    records_.push_back(std::move(record));
  }
  for (Push& push : effects.pushes) {
    const auto& update = static_cast<const v1::AgentUpdate&>(*push.message);
    if (update.has_offer()) {
      const v1::Offer& offer = update.offer();
      const std::string name = names_[offer.conversation().conversation_id()];
      offers_[push.stream + "/" + name] = offer.offer_id();
    }
    pushes_.push_back(std::move(push));
  }
  for (Question& question : effects.questions) questions_.push_back(question.request);
  for (trama::Reply& reply : effects.replies) {
    EXPECT_TRUE(replies_.emplace(reply.call, reply).second) << "a call was answered twice";
  }
}

void World::Note(const OutRecord& record, Words& words) {
  EXPECT_FALSE(record.key.empty());
  EXPECT_TRUE(event_ids_.insert(record.topic + record.id).second) << "id twice: " << record.type;
  if (record.topic != kConversationsTopic) return;
  const auto event = Parse<ConversationEvent>(record);
  EXPECT_EQ(event.sequence(), ++sequences_[event.conversation_id()]) << "gap in the sequence";
  words.push_back(InWords(event));
}

std::string World::InWords(const ConversationEvent& event) {
  std::string& name = names_[event.conversation_id()];
  if (event.has_opened()) name = event.opened().interaction_id();
  return absl::StrCat(name, " ", FactInWords(event));
}

World::Words World::RunUntil(absl::Duration since_start) {
  Words words;
  const absl::Time end = start_ + since_start;
  while (machine_->NextDeadline() <= end) {
    now_ = std::max(now_, machine_->NextDeadline());
    for (std::string& word : Tick()) words.push_back(std::move(word));
  }
  now_ = end;
  return words;
}

v1::Work World::WorkOf(const std::string& id, const Mail& mail, absl::Time now) {
  v1::Work work;
  interaction::v1::Interaction& message = *work.mutable_interaction();
  message.set_interaction_id(id);
  message.set_workspace(mail.workspace);
  message.set_channel(mail.channel);
  message.set_channel_account(mail.account);
  message.set_direction(interaction::v1::DIRECTION_INBOUND);
  message.set_kind(mail.kind);
  message.set_vendor_message_id(mail.vendor_id.empty() ? "<" + id + ">" : mail.vendor_id);
  message.mutable_sender()->mutable_identifier()->set_value(mail.from);
  message.mutable_sender()->set_address("to " + mail.from);
  message.mutable_sender()->set_display_name("Ms " + mail.from);
  *message.mutable_received_at() = ToTimestamp(absl::ToUnixMillis(now - mail.received_ago));
  if (mail.session_window != absl::InfiniteDuration()) {
    *message.mutable_session_window_until() =
        ToTimestamp(absl::ToUnixMillis(now - mail.received_ago + mail.session_window));
  }
  message.add_parts()->mutable_text()->set_body(mail.text);
  message.set_subject(mail.subject);
  message.set_automatic(mail.automatic);
  message.set_language(mail.language);
  message.set_amends_interaction_id(mail.amends);
  if (!mail.token.empty()) {
    interaction::v1::ThreadEvidence& evidence = *message.add_thread_evidence();
    evidence.set_kind(interaction::v1::ThreadEvidence::KIND_SIGNED_TOKEN);
    evidence.set_value(mail.token);
  }
  for (const std::string& reference : mail.references) {
    interaction::v1::ThreadEvidence& evidence = *message.add_thread_evidence();
    evidence.set_kind(interaction::v1::ThreadEvidence::KIND_REFERENCE);
    evidence.set_value(reference);
  }
  work.mutable_keys()->set_sender("key:" + mail.from);
  for (const std::string& other : mail.cc) work.mutable_keys()->add_participants("key:" + other);
  const std::string thread = mail.thread.empty() ? id : mail.thread;
  work.mutable_keys()->set_thread(absl::StrCat(mail.channel, "/", mail.account, "/", thread));
  work.mutable_facts()->set_customer_id("customer:" + mail.from);
  work.mutable_facts()->set_pending(mail.facts_pending);
  work.mutable_facts()->mutable_values()->insert(mail.facts.begin(), mail.facts.end());
  return work;
}

World::Words World::Receive(const std::string& interaction_id, const Mail& mail) {
  v1::Work work = WorkOf(interaction_id, mail, now_);
  work.mutable_source()->set_topic("trama.interactions.v1");
  work.mutable_source()->set_offset(mail.position >= 0 ? mail.position : position_++);
  LogEntry entry;
  entry.topic = "trama.work.v1";
  entry.id = interaction_id;
  entry.traceparent = mail.traceparent;
  entry.message = std::make_shared<const v1::Work>(std::move(work));
  return Apply(std::move(entry));
}

World::Words World::Deliver(const outbound::v1::OutboundMessage& message,
                            delivery::v1::Status status, const std::string& vendor_id) {
  auto delivery = std::make_shared<delivery::v1::Delivery>();
  delivery->set_event_id(absl::StrCat(message.message_id(), status));
  delivery->set_workspace(message.workspace());
  delivery->set_message_id(message.message_id());
  delivery->set_conversation_id(message.conversation_id());
  delivery->set_status(status);
  delivery->set_vendor_message_id(vendor_id);
  LogEntry entry;
  entry.topic = "trama.deliveries.v1";
  entry.id = delivery->event_id();
  entry.message = std::move(delivery);
  return Apply(std::move(entry));
}

World::Outcome World::CallWith(const std::string& subject, MessagePtr request,
                               const std::string& command_id, std::vector<std::string> roles) {
  Command command;
  command.call = next_call_++;
  command.caller = {.subject = subject, .workspace = "", .roles = std::move(roles)};
  command.id = command_id.empty() ? absl::StrCat("command-", next_command_++) : command_id;
  command.request = std::move(request);
  const CallId call = command.call;
  Outcome outcome;
  outcome.words = Apply(std::move(command));
  const auto it = replies_.find(call);
  if (it == replies_.end()) {
    ADD_FAILURE() << "a call was not answered";
    return outcome;
  }
  outcome.status = it->second.status;
  outcome.response = it->second.response;
  return outcome;
}

std::string World::Outcome::reason() const { return ErrorReason(status); }

World::Outcome World::Online(const std::string& agent, const std::string& workspace) {
  v1::SetPresenceRequest request;
  request.set_workspace(workspace);
  request.set_presence(agent::v1::PRESENCE_AVAILABLE);
  return Call(agent, std::move(request));
}

World::Outcome World::Presence(const std::string& agent, agent::v1::Presence presence,
                               const std::string& reason) {
  v1::SetPresenceRequest request;
  request.set_workspace("demo");
  request.set_presence(presence);
  request.set_reason(reason);
  return Call(agent, std::move(request));
}

World::Outcome World::Accept(const std::string& agent, const std::string& conversation) {
  v1::AcceptOfferRequest request;
  request.set_workspace("demo");
  request.set_offer_id(OfferOf(agent, conversation));
  return Call(agent, std::move(request));
}

World::Outcome World::Decline(const std::string& agent, const std::string& conversation,
                              const std::string& reason) {
  v1::DeclineOfferRequest request;
  request.set_workspace("demo");
  request.set_offer_id(OfferOf(agent, conversation));
  request.set_reason(reason);
  return Call(agent, std::move(request));
}

World::Outcome World::Reply(const std::string& agent, const std::string& conversation,
                            const std::string& text, const std::string& command_id) {
  v1::ReplyRequest request;
  request.set_workspace("demo");
  request.set_conversation_id(IdOf(conversation));
  request.add_parts()->mutable_text()->set_body(text);
  return Call(agent, std::move(request), command_id);
}

World::Outcome World::Note(const std::string& agent, const std::string& conversation,
                           const std::string& text) {
  v1::AddNoteRequest request;
  request.set_workspace("demo");
  request.set_conversation_id(IdOf(conversation));
  request.set_text(text);
  return Call(agent, std::move(request));
}

World::Outcome World::Resolve(const std::string& agent, const std::string& conversation) {
  v1::ResolveRequest request;
  request.set_workspace("demo");
  request.set_conversation_id(IdOf(conversation));
  return Call(agent, std::move(request));
}

World::Outcome World::WrapUp(const std::string& agent, const std::string& conversation,
                             std::vector<std::string> codes) {
  v1::CompleteWrapUpRequest request;
  request.set_workspace("demo");
  request.set_conversation_id(IdOf(conversation));
  for (std::string& code : codes) request.add_codes(std::move(code));
  return Call(agent, std::move(request));
}

World::Outcome World::Abandon(const std::string& conversation) {
  v1::AbandonRequest request;
  request.set_workspace("demo");
  request.set_conversation_id(IdOf(conversation));
  return Call("chat", std::move(request), "", {"integrator"});
}

std::string World::IdOf(const std::string& conversation) const {
  for (const auto& [id, name] : names_) {
    if (name == conversation) return id;
  }
  return "unknown-" + conversation;
}

v1::Conversation World::Get(const std::string& conversation, const std::string& workspace) {
  v1::GetConversationRequest request;
  request.set_workspace(workspace);
  request.set_conversation_id(IdOf(conversation));
  const Outcome outcome = Call("reader", std::move(request));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  if (!outcome.status.ok()) return {};
  return outcome.As<v1::GetConversationResponse>().conversation();
}

v1::Agent World::GetAgent(const std::string& agent, const std::string& workspace) {
  v1::GetAgentRequest request;
  request.set_workspace(workspace);
  request.set_agent_id(agent);
  const Outcome outcome = Call("reader", std::move(request));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  if (!outcome.status.ok()) return {};
  return outcome.As<v1::GetAgentResponse>().agent();
}

std::string World::OfferOf(const std::string& agent, const std::string& conversation) const {
  const auto it = offers_.find("demo/" + agent + "/" + conversation);
  return it == offers_.end() ? "" : it->second;
}

World::Words World::AnswerAll(
    const std::function<void(const v1::ProfileQuestion&, v1::ProfileAnswer&)>& fill) {
  Words words;
  for (const MessagePtr& question : std::exchange(questions_, {})) {
    auto answer = std::make_shared<v1::ProfileAnswer>();
    fill(static_cast<const v1::ProfileQuestion&>(*question), *answer);
    for (std::string& word : Apply(Answer{question, absl::OkStatus(), std::move(answer)})) {
      words.push_back(std::move(word));
    }
  }
  return words;
}

World::Words World::FailAllQuestions() {
  Words words;
  for (const MessagePtr& question : std::exchange(questions_, {})) {
    for (std::string& word :
         Apply(Answer{question, absl::UnavailableError("profile is down"), nullptr})) {
      words.push_back(std::move(word));
    }
  }
  return words;
}

std::vector<ConversationEvent> World::EventsOf(const std::string& conversation) const {
  const std::string id = IdOf(conversation);
  std::vector<ConversationEvent> events;
  for (const OutRecord& record : records_) {
    if (record.topic != kConversationsTopic || record.key != id) continue;
    events.push_back(Parse<ConversationEvent>(record));
  }
  return events;
}

ConversationEvent World::Last(ConversationEvent::FactCase fact) const {
  for (auto record = records_.rbegin(); record != records_.rend(); ++record) {
    if (record->topic != kConversationsTopic) continue;
    const auto event = Parse<ConversationEvent>(*record);
    if (event.fact_case() == fact) return event;
  }
  ADD_FAILURE() << "no such event";
  return {};
}

std::vector<agent::v1::AgentEvent> World::AgentEvents() const {
  std::vector<agent::v1::AgentEvent> events;
  for (const OutRecord& record : records_) {
    if (record.topic == kAgentsTopic) events.push_back(Parse<agent::v1::AgentEvent>(record));
  }
  return events;
}

std::vector<outbound::v1::OutboundMessage> World::Outbound() const {
  std::vector<outbound::v1::OutboundMessage> messages;
  for (const OutRecord& record : records_) {
    if (record.topic.find("trama.outbound.") != 0) continue;
    messages.push_back(Parse<outbound::v1::OutboundMessage>(record));
  }
  return messages;
}

}  // namespace trama::routing::testing
