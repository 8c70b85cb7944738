#include "services/routing/bench/conversation_lives.h"

#include <ctime>
#include <memory>

#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/kernel/ids.h"
#include "services/routing/publish.h"
#include "trama/sla/v1/sla_events.pb.h"

namespace trama::routing::bench {
namespace {

constexpr int kSkillsPerAgent = 5;
constexpr int kPlacesPerAgent = 4;  // 100 units, 25 for each conversation.
constexpr int kLivesPerCommit = 32;
constexpr char kTrace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double SecondsOfOneLook() {
  constexpr int kLooks = 100'000;
  const double before = CpuSeconds();
  for (int i = 0; i < kLooks; ++i) CpuSeconds();
  return (CpuSeconds() - before) / kLooks;
}

std::string AgentName(int64_t agent) { return absl::StrCat("agent-", agent); }

}  // namespace

ConversationLives::ConversationLives(const LoadSize& size)
    : size_(size), clock_seconds_(SecondsOfOneLook()) {
  for (int q = 0; q < size.queues; ++q) {
    auto& queue = config_.Queue(absl::StrCat("queue-", q));
    queue.set_order(q);
    queue.mutable_when()->add_channel_accounts(absl::StrCat("account-", q));
    testing::Require(queue, absl::StrCat("skill-", q), 3);
  }
  for (int a = 0; a < size.agents; ++a) {
    auto& agent = config_.Agent(AgentName(a));
    for (int s = 0; s < kSkillsPerAgent; ++s) {
      (*agent.mutable_skills())[absl::StrCat("skill-", (a * 7 + s * 11) % size.queues)] = 5;
    }
  }
  Run("takeover", TakenOver{1});
  Run("configuration", config_.Next());
  BringOnline(size.agents);
  for (int i = 0; i < size.waiting + size.agents * kPlacesPerAgent; ++i) {
    NewMessage("filling");
    AcceptAll("filling");
    if (i % kLivesPerCommit == 0) machine_.TakeChangedRows();
  }
  costs_.clear();
  TakeTotal();
}

void ConversationLives::PlayOne() {
  NewMessage("new conversation");
  Receive("message of an open one", customers_ - 7);
  const auto [agent, conversation] = std::move(held_.front());
  held_.pop_front();
  Answer(agent, conversation);
  Delivered(delivery::v1::STATUS_ATTEMPTING);
  Delivered(delivery::v1::STATUS_SENT);
  Delivered(delivery::v1::STATUS_DELIVERED);
  for (int clock = 0; clock < 4; ++clock) SlaSays();
  Resolve(agent, conversation);
  AcceptAll("accept");
  Heartbeat();
  if (++lives_ % kLivesPerCommit == 0) Commit();
}

std::pair<double, size_t> ConversationLives::TakeTotal() {
  return {std::exchange(seconds_, 0), std::exchange(inputs_, 0)};
}

template <typename Work>
void ConversationLives::Measure(const char* kind, Work work) {
  const double before = CpuSeconds();
  work();
  const double took = CpuSeconds() - before - clock_seconds_;
  Cost& cost = costs_[kind];
  cost.seconds += took;
  cost.each_us.push_back(static_cast<float>(took * 1e6));
  seconds_ += took;
}

void ConversationLives::Run(const char* kind, const Input& input) {
  now_ += absl::Microseconds(5);
  effects_ = Effects();
  const Stamp at{.now = now_, .caught_up = now_};
  Measure(kind, [&] { machine_.Apply(at, input, effects_); });
  ++inputs_;
  while (machine_.NextDeadline() <= now_) {
    Measure("tick", [&] { machine_.Apply(at, trama::Tick{}, effects_); });
    ++inputs_;
  }
  for (const Push& push : effects_.pushes) {
    const auto& update = static_cast<const v1::AgentUpdate&>(*push.message);
    if (update.has_offer()) offers_.emplace_back(push.stream.substr(5), update.offer());
  }
}

void ConversationLives::Call(const char* kind, const std::string& subject, MessagePtr request) {
  Command command;
  command.call = ++calls_;
  command.caller = {.subject = subject, .workspace = "demo", .roles = {"agent"}};
  command.id = absl::StrCat("command-", calls_);
  command.traceparent = kTrace;
  command.request = std::move(request);
  Run(kind, command);
  TRAMA_CHECK(effects_.replies.size() == 1 && effects_.replies[0].status.ok());
}

void ConversationLives::BringOnline(int agents) {
  for (int a = 0; a < agents; ++a) {
    auto request = std::make_shared<v1::SetPresenceRequest>();
    request->set_workspace("demo");
    request->set_presence(agent::v1::PRESENCE_AVAILABLE);
    Call("presence", AgentName(a), std::move(request));
  }
}

void ConversationLives::Receive(const char* kind, int64_t customer) {
  auto work = std::make_shared<v1::Work>();
  interaction::v1::Interaction& message = *work->mutable_interaction();
  const std::string from = absl::StrCat("customer-", customer, "@example.test");
  message.set_interaction_id(DerivedId("interaction", ++messages_));
  message.set_workspace("demo");
  message.set_channel("sms");
  message.set_channel_account(absl::StrCat("account-", customer % size_.queues));
  message.set_kind(interaction::v1::KIND_MESSAGE);
  message.set_vendor_message_id(absl::StrCat("SM", messages_));
  message.mutable_sender()->mutable_identifier()->set_value(from);
  message.mutable_sender()->set_address(from);
  *message.mutable_received_at() = ToTimestamp(absl::ToUnixMillis(now_));
  message.add_parts()->mutable_text()->set_body("Where is my parcel? It should be here.");
  work->mutable_source()->set_topic("trama.interactions.v1");
  work->mutable_source()->set_offset(messages_);
  work->mutable_keys()->set_sender(DerivedId("key", customer));
  work->mutable_keys()->set_thread(DerivedId("thread", customer));
  work->mutable_facts()->set_customer_id(work->keys().sender());
  (*work->mutable_facts()->mutable_values())["segment"] = "gold";
  LogEntry entry;
  entry.topic = "trama.work.v1";
  entry.id = message.interaction_id();
  entry.traceparent = kTrace;
  entry.message = std::move(work);
  Run(kind, entry);
}

void ConversationLives::AcceptAll(const char* kind) {
  while (!offers_.empty()) {
    const auto [agent, offer] = std::move(offers_.front());
    offers_.pop_front();
    auto request = std::make_shared<v1::AcceptOfferRequest>();
    request->set_workspace("demo");
    request->set_offer_id(offer.offer_id());
    Call(kind, agent, std::move(request));
    held_.emplace_back(agent, offer.conversation().conversation_id());
  }
}

void ConversationLives::Answer(const std::string& agent, const std::string& conversation) {
  auto reply = std::make_shared<v1::ReplyRequest>();
  reply->set_workspace("demo");
  reply->set_conversation_id(conversation);
  reply->add_parts()->mutable_text()->set_body("It is on its way.");
  Call("reply", agent, std::move(reply));
  for (const OutRecord& record : effects_.records) {
    if (record.topic == "trama.outbound.sms.v1") sent_.ParseFromString(record.value);
  }
}

void ConversationLives::Delivered(delivery::v1::Status status) {
  auto delivery = std::make_shared<delivery::v1::Delivery>();
  delivery->set_workspace("demo");
  delivery->set_message_id(sent_.message_id());
  delivery->set_conversation_id(sent_.conversation_id());
  delivery->set_status(status);
  delivery->set_vendor_message_id(absl::StrCat("SMout", messages_));
  LogEntry entry;
  entry.id = absl::StrCat(sent_.message_id(), status);
  entry.traceparent = kTrace;
  entry.message = std::move(delivery);
  Run("delivery", entry);
}

void ConversationLives::SlaSays() {
  auto event = std::make_shared<sla::v1::SlaEvent>();
  event->set_workspace("demo");
  event->set_conversation_id(sent_.conversation_id());
  event->mutable_fulfilled();
  LogEntry entry;
  entry.id = sent_.message_id();
  entry.traceparent = kTrace;
  entry.message = std::move(event);
  Run("clock of sla", entry);
}

void ConversationLives::Resolve(const std::string& agent, const std::string& conversation) {
  auto resolve = std::make_shared<v1::ResolveRequest>();
  resolve->set_workspace("demo");
  resolve->set_conversation_id(conversation);
  Call("resolve and offer the next", agent, std::move(resolve));
}

void ConversationLives::Heartbeat() {
  auto beat = std::make_shared<v1::HeartbeatRequest>();
  beat->set_workspace("demo");
  Call("heartbeat", AgentName(lives_ % size_.agents), std::move(beat));
}

void ConversationLives::Commit() {
  Measure("rows for the commit", [&] { machine_.TakeChangedRows(); });
}

}  // namespace trama::routing::bench
