#include "services/routing/reads.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/kernel/errors.h"
#include "services/routing/conversation_state.h"
#include "services/routing/refusals.h"
#include "services/routing/views.h"

namespace trama::routing {
namespace {

absl::StatusOr<int> PageSize(int32_t wanted) {
  if (wanted < 0 || wanted > kPageSizeMax) {
    return InvalidField("page_size", absl::StrCat(wanted),
                        absl::StrCat("must be 0 to ", kPageSizeMax));
  }
  return wanted == 0 ? kPageSizeDefault : wanted;
}

bool Wanted(const v1::ListConversationsRequest& request, const v1::ConversationRow& row) {
  const auto& states = request.states();
  const bool state_fits =
      states.empty() ? row.state() != conversation::v1::STATE_CLOSED
                     : std::find(states.begin(), states.end(), row.state()) != states.end();
  return state_fits && (request.queue().empty() || row.queue() == request.queue()) &&
         (request.agent_id().empty() || row.agent_id() == request.agent_id()) &&
         (request.customer_id().empty() || row.customer_id() == request.customer_id());
}

// Can one that rests be wanted?
bool MayBeAtRest(const v1::ListConversationsRequest& request) {
  const auto& states = request.states();
  return states.empty() || std::any_of(states.begin(), states.end(), [](int state) {
           return state == conversation::v1::STATE_CLOSED ||
                  IsEnding(static_cast<conversation::v1::State>(state));
         });
}

}  // namespace

absl::StatusOr<ResponsePtr> GetConversation(State& state,
                                            const v1::GetConversationRequest& request) {
  const Conversation* conversation =
      state.FindConversation(request.workspace(), request.conversation_id());
  if (conversation == nullptr) return UnknownConversation(request.conversation_id());
  auto response = std::make_shared<v1::GetConversationResponse>();
  *response->mutable_conversation() = ViewOf(*conversation);
  return response;
}

absl::StatusOr<ResponsePtr> ListConversations(State& state,
                                              const v1::ListConversationsRequest& request) {
  const absl::StatusOr<int> page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  auto response = std::make_shared<v1::ListConversationsResponse>();
  int looked_at = 0;
  uint64_t last_hash = 0;
  std::string last;
  const auto visit = [&](uint64_t hash, const v1::ConversationRow& row) {
    const bool is_full =
        looked_at >= kRowsPerReadMax || response->conversations_size() >= *page_size;
    // Those of one hash have no order, so a page holds all of them.
    if (is_full && hash != last_hash) {
      response->set_next_page_token(last);
      return false;
    }
    if (Wanted(request, row)) {
      *response->add_conversations() =
          ViewOf(*state.FindConversation(row.workspace(), row.conversation_id()));
    }
    ++looked_at;
    last_hash = hash;
    last = row.conversation_id();
    return true;
  };
  // The token is the id of the last conversation that was looked at.
  state.ForEachRow(request.workspace(), request.page_token(), MayBeAtRest(request), visit);
  return response;
}

absl::StatusOr<ResponsePtr> GetAgent(State& state, const v1::GetAgentRequest& request,
                                     const std::string& caller) {
  const std::string& name = request.agent_id().empty() ? caller : request.agent_id();
  const Workspace* workspace = state.FindWorkspace(request.workspace());
  const Agent* agent = workspace == nullptr ? nullptr : workspace->roster.Find(name);
  if (agent == nullptr || agent->settings == nullptr) return UnknownAgent(name);
  auto response = std::make_shared<v1::GetAgentResponse>();
  *response->mutable_agent() = ViewOf(*agent);
  return response;
}

absl::StatusOr<ResponsePtr> ListAgents(State& state, const v1::ListAgentsRequest& request) {
  const absl::StatusOr<int> page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  auto response = std::make_shared<v1::ListAgentsResponse>();
  const Workspace* workspace = state.FindWorkspace(request.workspace());
  if (workspace == nullptr) return response;
  const auto& agents = workspace->roster.agents();
  for (auto it = agents.upper_bound(request.page_token()); it != agents.end(); ++it) {
    if (it->second->settings == nullptr) continue;
    if (response->agents_size() == *page_size) {
      response->set_next_page_token(response->agents(*page_size - 1).agent_id());
      break;
    }
    *response->add_agents() = ViewOf(*it->second);
  }
  return response;
}

absl::StatusOr<ResponsePtr> ListQueues(State& state, const v1::ListQueuesRequest& request) {
  auto response = std::make_shared<v1::ListQueuesResponse>();
  Workspace* workspace = state.FindWorkspace(request.workspace());
  if (workspace == nullptr) return response;
  workspace->lines.ForEach([&](Line& line) {
    const bool is_empty =
        line.waiting_count == 0 && line.offered_count == 0 && line.assigned_count == 0;
    if (line.settings == nullptr && is_empty) return;
    *response->add_queues() = ViewOf(*workspace, line);
  });
  return response;
}

}  // namespace trama::routing
