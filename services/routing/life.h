#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/routing/state.h"
#include "services/routing/step.h"
#include "trama/routing/v1/routing_service.pb.h"

// The end of conversations: resolved, wrapped up, abandoned, closed; and their new beginning.
namespace trama::routing {

// The agent is done with the customer. With wrap-up he keeps it as WRAPPING, otherwise it is
// RESOLVED and he is free.
void ResolveConversation(State& state, Step& step, Conversation& conversation, Agent& agent,
                         const std::string& reason);

// The after-contact work ends; from now on it is RESOLVED.
void EndWrapUp(State& state, Step& step, Conversation& conversation,
               const std::vector<std::string>& codes, bool timed_out);
// Its time box is over.
void TimeOutWrapUp(State& state, Step& step, Conversation& conversation);

// A person's message (`interaction_id`) has come to a conversation that was over: it goes on. The
// caller publishes the message and puts it into a queue.
void Reopen(State& state, Step& step, Conversation& conversation, const std::string& interaction_id,
            int64_t received_ms);

// Over: the next message opens another one. Remembered for kClosedKeptMs.
void Close(State& state, Step& step, Conversation& conversation, const std::string& reason);

// The agent who has it was deleted: it waits again, or its wrap-up ends.
void TakeFromAgent(State& state, Step& step, Conversation& conversation);

absl::StatusOr<ResponsePtr> Resolve(State& state, Step& step, Agent& agent,
                                    const v1::ResolveRequest& request);
absl::StatusOr<ResponsePtr> CompleteWrapUp(State& state, Step& step, Agent& agent,
                                           const v1::CompleteWrapUpRequest& request);
absl::StatusOr<ResponsePtr> Abandon(State& state, Step& step, const v1::AbandonRequest& request);

// The conversation, when the agent has it ASSIGNED; otherwise why not.
absl::StatusOr<Conversation*> AssignedTo(State& state, const Agent& agent,
                                         const std::string& conversation_id);

}  // namespace trama::routing
