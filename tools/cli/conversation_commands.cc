#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/strings.h"
#include "tools/cli/commands.h"
#include "tools/cli/context.h"
#include "tools/cli/names.h"
#include "trama/routing/v1/routing_service.grpc.pb.h"

namespace trama::tramactl {
namespace {

using conversation::v1::State;
using routing::v1::Agent;
using routing::v1::Conversation;
using routing::v1::Queue;
using routing::v1::RoutingService;

constexpr int kPageMax = 200;

void Supervise(Context& context) { context.ActAs({"supervisor", "admin"}); }

std::string WaitingSince(const Conversation& conversation, absl::Time now) {
  return Ago(conversation.state() == conversation::v1::STATE_QUEUED ||
                     conversation.state() == conversation::v1::STATE_OFFERED
                 ? conversation.first_enqueued_at()
                 : conversation.last_message_at(),
             now);
}

std::string Skills(const Conversation& conversation) {
  return absl::StrJoin(conversation.required_skills(), ", ",
                       [](std::string* out, const auto& skill) {
                         absl::StrAppend(out, skill.skill(), ">=", skill.proficiency_min());
                       });
}

absl::Status ListConversations(Context& context, const Arguments& arguments) {
  Supervise(context);
  routing::v1::ListConversationsRequest request;
  request.set_workspace(context.workspace());
  for (const std::string& word : arguments.All("state")) {
    const auto state = ParseWord<State>(word);
    if (!state.ok()) return UsageError(absl::StrCat("--state: ", state.status().message()));
    request.add_states(*state);
  }
  request.set_queue(arguments.Get("queue"));
  request.set_agent_id(arguments.Get("agent"));
  request.set_customer_id(arguments.Get("customer"));
  request.set_page_size(kPageMax);

  std::vector<Json> items;
  TextTable table(
      {"CONVERSATION", "STATE", "CHANNEL", "QUEUE", "PRIO", "AGENT", "SINCE", "CUSTOMER"});
  const absl::Time now = absl::Now();
  do {
    const auto page = context.Call("routing", request, &RoutingService::Stub::ListConversations);
    if (!page.ok()) return page.status();
    for (const Conversation& conversation : page->conversations()) {
      items.push_back(ToJson(conversation));
      table.Add({conversation.conversation_id(), WordOf(conversation.state()),
                 conversation.channel(), conversation.queue(),
                 absl::StrCat(conversation.priority()), conversation.agent_id(),
                 WaitingSince(conversation, now), conversation.customer_id()});
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  context.out().Many(
      items, [&] { return table; }, "there is no such conversation");
  return absl::OkStatus();
}

absl::Status ShowConversation(Context& context, const Arguments& arguments) {
  Supervise(context);
  routing::v1::GetConversationRequest request;
  request.set_workspace(context.workspace());
  request.set_conversation_id(arguments.Get("CONVERSATION"));
  const auto response = context.Call("routing", request, &RoutingService::Stub::GetConversation);
  if (!response.ok()) return response.status();
  const Conversation& c = response->conversation();
  const absl::Time now = absl::Now();
  context.out().One(ToJson(c), [&] {
    return Fields(
        {{"conversation", c.conversation_id()},
         {"state", WordOf(c.state())},
         {"why", c.reason()},
         {"channel", absl::StrCat(c.channel(), " (", c.channel_account(), ")")},
         {"customer", c.customer_id()},
         {"identifier", c.identifier().value()},
         {"queue", absl::StrCat(c.queue(), ", priority ", c.priority())},
         {"skills", Skills(c)},
         {"agent", c.agent_id()},
         {"offer", c.offer_id()},
         {"offer expires", Ago(c.offer_expires_at(), now)},
         {"opened", Ago(c.opened_at(), now)},
         {"enqueued", Ago(c.first_enqueued_at(), now)},
         {"accepted", Ago(c.accepted_at(), now)},
         {"first reply", Ago(c.first_reply_at(), now)},
         {"resolved", Ago(c.resolved_at(), now)},
         {"messages", absl::StrCat(c.inbound_count(), " in, ", c.reply_count(), " out")},
         {"facts", absl::StrCat(Pairs(c.facts()), c.facts_pending() ? " (pending)" : "")}});
  });
  return absl::OkStatus();
}

std::vector<std::string> RowOf(const Agent& agent, absl::Time now) {
  return {agent.agent_id(),
          WordOf(agent.presence()),
          agent.presence_reason(),
          Ago(agent.presence_since(), now),
          absl::StrCat(agent.units_held(), "/", agent.units_total()),
          Pairs(agent.held_by_channel()),
          Pairs(agent.skills())};
}

absl::Status ListAgents(Context& context, const Arguments&) {
  Supervise(context);
  routing::v1::ListAgentsRequest request;
  request.set_workspace(context.workspace());
  request.set_page_size(kPageMax);
  std::vector<Json> items;
  TextTable table({"AGENT", "PRESENCE", "REASON", "SINCE", "UNITS", "HOLDS", "SKILLS"});
  const absl::Time now = absl::Now();
  do {
    const auto page = context.Call("routing", request, &RoutingService::Stub::ListAgents);
    if (!page.ok()) return page.status();
    for (const Agent& agent : page->agents()) {
      items.push_back(ToJson(agent));
      table.Add(RowOf(agent, now));
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  context.out().Many(
      items, [&] { return table; }, "there is no agent");
  return absl::OkStatus();
}

absl::Status ShowAgent(Context& context, const Arguments& arguments) {
  Supervise(context);
  routing::v1::GetAgentRequest request;
  request.set_workspace(context.workspace());
  request.set_agent_id(arguments.Get("NAME"));
  const auto response = context.Call("routing", request, &RoutingService::Stub::GetAgent);
  if (!response.ok()) return response.status();
  const Agent& agent = response->agent();
  const absl::Time now = absl::Now();
  context.out().One(ToJson(agent), [&] {
    return Fields({{"agent", agent.agent_id()},
                   {"name", agent.display_name()},
                   {"presence", WordOf(agent.presence())},
                   {"reason", agent.presence_reason()},
                   {"since", Ago(agent.presence_since(), now)},
                   {"units", absl::StrCat(agent.units_held(), " of ", agent.units_total())},
                   {"holds", Pairs(agent.held_by_channel())},
                   {"conversations", absl::StrJoin(agent.conversation_ids(), ", ")},
                   {"idle since", Ago(agent.idle_since(), now)},
                   {"skills", Pairs(agent.skills())}});
  });
  return absl::OkStatus();
}

absl::Status ListQueues(Context& context, const Arguments&) {
  Supervise(context);
  routing::v1::ListQueuesRequest request;
  request.set_workspace(context.workspace());
  const auto response = context.Call("routing", request, &RoutingService::Stub::ListQueues);
  if (!response.ok()) return response.status();
  std::vector<Json> items;
  TextTable table({"QUEUE", "WAITING", "OFFERED", "ASSIGNED", "OLDEST", "AGENTS", "NAME"});
  const absl::Time now = absl::Now();
  for (const Queue& queue : response->queues()) {
    items.push_back(ToJson(queue));
    table.Add({queue.name(), absl::StrCat(queue.waiting()), absl::StrCat(queue.offered()),
               absl::StrCat(queue.assigned()), Ago(queue.oldest_enqueued_at(), now),
               absl::StrCat(queue.agents_available()), queue.display_name()});
  }
  context.out().Many(
      items, [&] { return table; }, "there is no queue");
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> ConversationCommands() {
  return {
      {.path = {"agents", "list"}, .summary = "Agents, what they do and hold", .run = ListAgents},
      {.path = {"agents", "show"},
       .summary = "One agent",
       .positionals = {{"NAME", "Which agent"}},
       .run = ShowAgent},
      {.path = {"conversations", "list"},
       .summary = "Conversations that are not closed, or those that are wanted",
       .flags = {{.name = "state",
                  .value = "STATE",
                  .help = "Only in this state, such as queued, offered, assigned, resolved, closed",
                  .repeated = true},
                 {.name = "queue", .value = "NAME", .help = "Only of this queue"},
                 {.name = "agent", .value = "NAME", .help = "Only of this agent"},
                 {.name = "customer", .value = "ID", .help = "Only of this customer"}},
       .run = ListConversations},
      {.path = {"conversations", "show"},
       .summary = "One conversation, and why it is where it is",
       .positionals = {{"CONVERSATION", "Its id"}},
       .run = ShowConversation},
      {.path = {"queues"}, .summary = "Queues: who waits, who could answer", .run = ListQueues}};
}

}  // namespace trama::tramactl
