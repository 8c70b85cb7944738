#pragma once

#include <functional>
#include <memory>
#include <string>

#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/routing/model.h"
#include "services/routing/state.h"
#include "services/routing/step.h"
#include "trama/agent/v1/agent_events.pb.h"
#include "trama/conversation/v1/conversation_events.pb.h"
#include "trama/outbound/v1/outbound_events.pb.h"
#include "trama/routing/v1/routing_service.pb.h"
#include "trama/routing/v1/work.pb.h"

// Turns what happened into records and pushes.
namespace trama::routing {

inline constexpr char kConversationsTopic[] = "trama.conversations.v1";
inline constexpr char kAgentsTopic[] = "trama.agents.v1";
inline constexpr char kDeadLetterTopic[] = "trama.deadletter.v1";
inline constexpr char kNoteChannel[] = "note";

// The next event of a conversation, with the state that its row has now; `fill` sets the fact.
template <typename Fill>
void Publish(State& state, Step& step, Conversation& conversation, Fill fill);

// The next event of an agent; `fill` sets the fact.
template <typename Fill>
void Publish(State& state, Step& step, Agent& agent, Fill fill);

// What the agent holds now, because of `conversation_id` (may be empty).
void PublishLoad(State& state, Step& step, Agent& agent, const std::string& conversation_id);

void PublishOutbound(Step& step, const outbound::v1::OutboundMessage& message);

// Work that cannot be taken in goes whole to the dead letters, under the name of its source: of the
// interaction, if it says which, or else its own. `entry` holds a v1::Work.
void PublishDeadLetter(Step& step, const LogEntry& entry, const std::string& reason);

// News for an agent's stream. A proposal may leave before the commit.
void Tell(Step& step, const Agent& agent, v1::AgentUpdate update, bool is_proposal = false);

google::protobuf::Timestamp ToTimestamp(int64_t unix_ms);
int64_t ToUnixMs(const google::protobuf::Timestamp& timestamp);

// Equal messages give equal bytes, map fields included.
std::string SerializeSame(const google::protobuf::Message& message);

namespace publish_internal {
conversation::v1::ConversationEvent& NextEvent(State& state, const Step& step,
                                               Conversation& conversation);
void Append(Step& step, const conversation::v1::ConversationEvent& event);
agent::v1::AgentEvent NextEvent(State& state, const Step& step, Agent& agent);
void Append(Step& step, const Agent& agent, const agent::v1::AgentEvent& event);
}  // namespace publish_internal

template <typename Fill>
void Publish(State& state, Step& step, Conversation& conversation, Fill fill) {
  conversation::v1::ConversationEvent& event =
      publish_internal::NextEvent(state, step, conversation);
  fill(event);
  publish_internal::Append(step, event);
}

template <typename Fill>
void Publish(State& state, Step& step, Agent& agent, Fill fill) {
  agent::v1::AgentEvent event = publish_internal::NextEvent(state, step, agent);
  fill(event);
  publish_internal::Append(step, agent, event);
}

}  // namespace trama::routing
