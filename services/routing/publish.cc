#include "services/routing/publish.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "services/kernel/ids.h"
#include "trama/deadletter/v1/deadletter.pb.h"

namespace trama::routing {
namespace {

// The full name of the fact that an event carries: the record's type.
template <typename Event>
std::string FactType(const Event& event) {
  const auto* field = Event::descriptor()->FindFieldByNumber(static_cast<int>(event.fact_case()));
  return field == nullptr ? Event::descriptor()->full_name() : field->message_type()->full_name();
}

}  // namespace

std::string SerializeSame(const google::protobuf::Message& message) {
  std::string bytes(message.ByteSizeLong(), '\0');
  google::protobuf::io::ArrayOutputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeWithCachedSizes(&coded);
  coded.Trim();
  return bytes;
}

google::protobuf::Timestamp ToTimestamp(int64_t unix_ms) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(unix_ms / 1000);
  timestamp.set_nanos(static_cast<int32_t>(unix_ms % 1000) * 1'000'000);
  return timestamp;
}

int64_t ToUnixMs(const google::protobuf::Timestamp& timestamp) {
  return timestamp.seconds() * 1000 + timestamp.nanos() / 1'000'000;
}

namespace publish_internal {

conversation::v1::ConversationEvent& NextEvent(State& state, const Step& step,
                                               Conversation& conversation) {
  v1::ConversationRow& row = state.Edit(conversation);
  row.set_sequence(row.sequence() + 1);
  conversation::v1::ConversationEvent& event = state.event_in_work;
  event.Clear();
  event.set_event_id(DerivedId(row.conversation_id(), row.sequence()));
  event.set_workspace(row.workspace());
  event.set_conversation_id(row.conversation_id());
  event.set_sequence(row.sequence());
  *event.mutable_occurred_at() = ToTimestamp(step.now_ms);
  event.set_cause_id(step.cause);
  *event.mutable_actor() = step.actor;
  event.set_channel(row.channel());
  event.set_channel_account(row.channel_account());
  event.set_customer_id(row.customer_id());
  event.set_state(row.state());
  event.set_queue(row.queue());
  event.set_agent_id(row.agent_id());
  return event;
}

void Append(Step& step, const conversation::v1::ConversationEvent& event) {
  step.effects.records.push_back({.topic = kConversationsTopic,
                                  .key = event.conversation_id(),
                                  .type = FactType(event),
                                  .id = event.event_id(),
                                  .subject = event.conversation_id(),
                                  .time = absl::FromUnixMillis(step.now_ms),
                                  .traceparent = step.Traceparent(),
                                  .value = SerializeSame(event)});
}

agent::v1::AgentEvent NextEvent(State& state, const Step& step, Agent& agent) {
  v1::AgentRow& row = state.Edit(agent);
  row.set_events(row.events() + 1);
  agent::v1::AgentEvent event;
  // With the cause: an agent who was deleted and made again counts from 1 again.
  event.set_event_id(DerivedId({"agent", agent.key, step.cause, absl::StrCat(row.events())}));
  event.set_workspace(agent.workspace->name);
  event.set_agent_id(agent.name);
  *event.mutable_occurred_at() = ToTimestamp(step.now_ms);
  event.set_cause_id(step.cause);
  *event.mutable_actor() = step.actor;
  return event;
}

void Append(Step& step, const Agent& agent, const agent::v1::AgentEvent& event) {
  step.effects.records.push_back({.topic = kAgentsTopic,
                                  .key = agent.key,
                                  .type = FactType(event),
                                  .id = event.event_id(),
                                  .subject = agent.key,
                                  .time = absl::FromUnixMillis(step.now_ms),
                                  .traceparent = step.Traceparent(),
                                  .value = SerializeSame(event)});
}

}  // namespace publish_internal

void PublishLoad(State& state, Step& step, Agent& agent, const std::string& conversation_id) {
  Publish(state, step, agent, [&](agent::v1::AgentEvent& event) {
    agent::v1::LoadChanged& load = *event.mutable_load_changed();
    int32_t units = 0;
    for (const Conversation* held : agent.held) {
      if (held->row->state() == conversation::v1::STATE_OFFERED) continue;
      units += held->row->units();
      ++(*load.mutable_held_by_channel())[held->row->channel()];
    }
    load.set_units_held(units);
    load.set_units_total(agent.settings == nullptr ? 0 : agent.settings->units);
    load.set_conversation_id(conversation_id);
  });
}

void PublishOutbound(Step& step, const outbound::v1::OutboundMessage& message) {
  step.effects.records.push_back(
      {.topic = absl::StrCat("trama.outbound.", message.channel(), ".v1"),
       .key = message.conversation_id(),
       .type = outbound::v1::OutboundMessage::descriptor()->full_name(),
       .id = message.message_id(),
       .subject = message.conversation_id(),
       .time = absl::FromUnixMillis(step.now_ms),
       .traceparent = step.Traceparent(),
       .value = SerializeSame(message)});
}

void PublishDeadLetter(Step& step, const LogEntry& entry, const std::string& reason) {
  const auto& work = static_cast<const v1::Work&>(*entry.message);
  v1::Source source = work.source();
  if (source.topic().empty()) {
    source.set_topic(entry.topic);
    source.set_partition(entry.partition);
    source.set_offset(entry.offset);
  }
  deadletter::v1::DeadLetter letter;
  const std::string place =
      absl::StrCat(source.topic(), "/", source.partition(), "/", source.offset());
  letter.set_dead_letter_id(DerivedId(place, "routing"));
  letter.set_service("routing");
  letter.set_source(place);
  letter.set_source_topic(source.topic());
  letter.set_source_partition(source.partition());
  letter.set_source_offset(source.offset());
  letter.set_reason(reason);
  *letter.mutable_failed_at() = ToTimestamp(step.now_ms);
  letter.set_value(SerializeSame(work.interaction()));
  if (letter.value().size() > kDeadLetterValueMaxBytes) {
    letter.clear_value();
    letter.set_reason(absl::StrCat(reason, "; too large to be kept here, see its source"));
  }
  letter.set_content_type("application/protobuf");
  letter.set_workspace(work.interaction().workspace());
  step.effects.records.push_back({.topic = kDeadLetterTopic,
                                  .key = place,
                                  .type = deadletter::v1::DeadLetter::descriptor()->full_name(),
                                  .id = letter.dead_letter_id(),
                                  .subject = place,
                                  .time = absl::FromUnixMillis(step.now_ms),
                                  .traceparent = step.Traceparent(),
                                  .value = SerializeSame(letter),
                                  .partition = 0});
}

void Tell(Step& step, const Agent& agent, v1::AgentUpdate update, bool is_proposal) {
  step.effects.pushes.push_back(
      {.stream = agent.key,
       .message = std::make_shared<const v1::AgentUpdate>(std::move(update)),
       .proposal = is_proposal});
}

}  // namespace trama::routing
