#pragma once

#include "absl/status/statusor.h"
#include "services/kernel/machine.h"
#include "services/routing/state.h"
#include "services/routing/step.h"
#include "trama/routing/v1/routing_service.pb.h"

// Questions of clients, which change nothing. Workspaces that do not exist are empty.
namespace trama::routing {

absl::StatusOr<ResponsePtr> GetConversation(State& state,
                                            const v1::GetConversationRequest& request);
// Looks at no more than kRowsPerReadMax rows: a page may be short, even empty, and still name a
// next one.
absl::StatusOr<ResponsePtr> ListConversations(State& state,
                                              const v1::ListConversationsRequest& request);
// `caller`: whom an empty agent_id means.
absl::StatusOr<ResponsePtr> GetAgent(State& state, const v1::GetAgentRequest& request,
                                     const std::string& caller);
absl::StatusOr<ResponsePtr> ListAgents(State& state, const v1::ListAgentsRequest& request);
absl::StatusOr<ResponsePtr> ListQueues(State& state, const v1::ListQueuesRequest& request);

}  // namespace trama::routing
