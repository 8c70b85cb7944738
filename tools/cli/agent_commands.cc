#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/strings.h"
#include "tools/cli/agent_watch.h"
#include "tools/cli/commands.h"
#include "tools/cli/context.h"
#include "tools/cli/names.h"
#include "tools/cli/reply_parts.h"
#include "tools/cli/yaml_file.h"
#include "trama/routing/v1/routing_service.grpc.pb.h"

namespace trama::tramactl {
namespace {

using conversation::v1::State;
using routing::v1::Conversation;
using routing::v1::RoutingService;

constexpr absl::Duration kLookAgain = absl::Milliseconds(200);

// What the request of any command has in common.
template <typename Request>
Request Begin(Context& context, const Arguments& arguments) {
  context.ActAsHimself(arguments.Get("name"));
  Request request;
  request.set_workspace(context.workspace());
  request.set_agent_id(arguments.Get("name"));
  request.set_command_id(context.command_id());
  return request;
}

std::string Described(const Conversation& conversation) {
  return absl::StrCat("conversation ", conversation.conversation_id(), " is ",
                      WordOf(conversation.state()), "\n");
}

// Answers with the conversation as it is now.
template <typename Response>
absl::Status Tell(Context& context, const absl::StatusOr<Response>& response) {
  if (!response.ok()) return response.status();
  context.out().One(ToJson(*response), [&] { return Described(response->conversation()); });
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Conversation>> Held(Context& context, const std::string& agent,
                                               const std::vector<State>& states) {
  routing::v1::ListConversationsRequest request;
  request.set_workspace(context.workspace());
  request.set_agent_id(agent);
  for (const State state : states) request.add_states(state);
  const auto page = context.Call("routing", request, &RoutingService::Stub::ListConversations);
  if (!page.ok()) return page.status();
  return std::vector<Conversation>(page->conversations().begin(), page->conversations().end());
}

// The conversation that is meant; "." is the only one that he has in one of these states.
absl::StatusOr<std::string> ConversationOf(Context& context, const Arguments& arguments,
                                           const std::vector<State>& states) {
  const std::string given = arguments.Get("CONVERSATION");
  if (given != ".") return given;
  const auto held = Held(context, arguments.Get("name"), states);
  if (!held.ok()) return held.status();
  if (held->size() == 1) return held->front().conversation_id();
  const std::string ids = absl::StrJoin(
      *held, ", ", [](std::string* out, const auto& each) { out->append(each.conversation_id()); });
  return absl::FailedPreconditionError(
      held->empty() ? absl::StrCat(arguments.Get("name"), " has no such conversation")
                    : absl::StrCat("which conversation? ", ids));
}

absl::Status SetPresence(Context& context, const Arguments& arguments,
                         agent::v1::Presence presence) {
  auto request = Begin<routing::v1::SetPresenceRequest>(context, arguments);
  request.set_presence(presence);
  request.set_reason(arguments.Get("reason"));
  const auto response = context.Call("routing", request, &RoutingService::Stub::SetPresence);
  if (!response.ok()) return response.status();
  context.out().One(ToJson(response->agent()), [&] {
    return absl::StrCat(response->agent().agent_id(), " is ", WordOf(response->agent().presence()),
                        "\n");
  });
  return absl::OkStatus();
}

absl::StatusOr<absl::Duration> DurationFlag(const Arguments& arguments, const std::string& flag,
                                            absl::Duration fallback) {
  absl::Duration duration = fallback;
  if (arguments.Has(flag) &&
      (!absl::ParseDuration(arguments.Get(flag), &duration) || duration <= absl::ZeroDuration())) {
    return UsageError(absl::StrCat("--", flag, " must be a duration such as 20s"));
  }
  return duration;
}

// The offer that is meant: the given one, or the one that he is asked now, waiting for it if
// wanted.
absl::StatusOr<std::string> OfferOf(Context& context, const Arguments& arguments) {
  if (arguments.Has("OFFER")) return arguments.Get("OFFER");
  const auto wait = DurationFlag(arguments, "wait", absl::ZeroDuration());
  if (!wait.ok()) return wait.status();
  const absl::Time deadline = absl::Now() + *wait;
  while (true) {
    auto offered = Held(context, arguments.Get("name"), {conversation::v1::STATE_OFFERED});
    if (!offered.ok()) return offered.status();
    if (!offered->empty()) {
      // The one that expires first.
      const auto first = std::min_element(
          offered->begin(), offered->end(), [](const Conversation& a, const Conversation& b) {
            return std::make_pair(a.offer_expires_at().seconds(), a.offer_expires_at().nanos()) <
                   std::make_pair(b.offer_expires_at().seconds(), b.offer_expires_at().nanos());
          });
      return first->offer_id();
    }
    if (absl::Now() >= deadline) {
      return absl::NotFoundError(absl::StrCat("nothing is offered to ", arguments.Get("name")));
    }
    absl::SleepFor(kLookAgain);
  }
}

absl::Status Accept(Context& context, const Arguments& arguments) {
  auto request = Begin<routing::v1::AcceptOfferRequest>(context, arguments);
  const auto offer = OfferOf(context, arguments);
  if (!offer.ok()) return offer.status();
  request.set_offer_id(*offer);
  return Tell(context, context.Call("routing", request, &RoutingService::Stub::AcceptOffer));
}

absl::Status Decline(Context& context, const Arguments& arguments) {
  auto request = Begin<routing::v1::DeclineOfferRequest>(context, arguments);
  const auto offer = OfferOf(context, arguments);
  if (!offer.ok()) return offer.status();
  request.set_offer_id(*offer);
  request.set_reason(arguments.Get("reason"));
  const auto response = context.Call("routing", request, &RoutingService::Stub::DeclineOffer);
  if (!response.ok()) return response.status();
  context.out().One(ToJson(*response), [&] { return absl::StrCat("declined ", *offer, "\n"); });
  return absl::OkStatus();
}

// The words of TEXT; "-" alone: standard input.
absl::StatusOr<std::string> TextOf(const Arguments& arguments) {
  constexpr size_t kTextMaxBytes = 1 << 20;
  const std::string text = absl::StrJoin(arguments.All("TEXT"), " ");
  return text == "-" ? ReadWhole("-", kTextMaxBytes) : text;
}

// The answer is a step of the question's trace, if that has one and the command line names none. No
// answer waits for want of a trace.
void GoOnWithTraceOf(Context& context, const std::string& conversation_id) {
  if (!context.traceparent().empty()) return;
  routing::v1::GetConversationRequest request;
  request.set_workspace(context.workspace());
  request.set_conversation_id(conversation_id);
  const auto found = context.Call("routing", request, &RoutingService::Stub::GetConversation);
  if (found.ok()) context.GoOnWith(found->conversation().traceparent());
}

absl::Status Reply(Context& context, const Arguments& arguments) {
  auto request = Begin<routing::v1::ReplyRequest>(context, arguments);
  const auto id = ConversationOf(context, arguments, {conversation::v1::STATE_ASSIGNED});
  if (!id.ok()) return id.status();
  const auto text = TextOf(arguments);
  if (!text.ok()) return text.status();
  request.set_conversation_id(*id);
  if (absl::Status added = AddReplyParts(arguments, *text, request); !added.ok()) return added;
  request.set_subject(arguments.Get("subject"));
  request.set_resolve(arguments.Has("resolve"));
  GoOnWithTraceOf(context, *id);
  const auto response = context.Call("routing", request, &RoutingService::Stub::Reply);
  if (!response.ok()) return response.status();
  context.out().One(ToJson(*response), [&] {
    return absl::StrCat("message ", response->message_id(), " is on its way; ",
                        Described(response->conversation()));
  });
  return absl::OkStatus();
}

absl::Status NoteOnConversation(Context& context, const Arguments& arguments) {
  auto request = Begin<routing::v1::AddNoteRequest>(context, arguments);
  const auto id = ConversationOf(
      context, arguments, {conversation::v1::STATE_ASSIGNED, conversation::v1::STATE_WRAPPING});
  if (!id.ok()) return id.status();
  const auto text = TextOf(arguments);
  if (!text.ok()) return text.status();
  request.set_conversation_id(*id);
  request.set_text(*text);
  for (const std::string& name : arguments.All("mention")) request.add_mentions(name);
  const auto response = context.Call("routing", request, &RoutingService::Stub::AddNote);
  if (!response.ok()) return response.status();
  context.out().One(ToJson(*response),
                    [&] { return absl::StrCat("noted as ", response->message_id(), "\n"); });
  return absl::OkStatus();
}

absl::Status Resolve(Context& context, const Arguments& arguments) {
  auto request = Begin<routing::v1::ResolveRequest>(context, arguments);
  const auto id = ConversationOf(context, arguments, {conversation::v1::STATE_ASSIGNED});
  if (!id.ok()) return id.status();
  request.set_conversation_id(*id);
  request.set_reason(arguments.Get("reason"));
  return Tell(context, context.Call("routing", request, &RoutingService::Stub::Resolve));
}

absl::Status WrapUp(Context& context, const Arguments& arguments) {
  auto request = Begin<routing::v1::CompleteWrapUpRequest>(context, arguments);
  const auto id = ConversationOf(context, arguments, {conversation::v1::STATE_WRAPPING});
  if (!id.ok()) return id.status();
  request.set_conversation_id(*id);
  for (const std::string& code : arguments.All("CODE")) request.add_codes(code);
  return Tell(context, context.Call("routing", request, &RoutingService::Stub::CompleteWrapUp));
}

absl::Status Watch(Context& context, const Arguments& arguments) {
  context.ActAsHimself(arguments.Get("name"));
  WatchOptions options;
  options.agent = arguments.Get("name");
  options.auto_accept = arguments.Has("auto-accept");
  options.go_online = arguments.Has("online");
  const auto duration = DurationFlag(arguments, "for", absl::InfiniteDuration());
  if (!duration.ok()) return duration.status();
  options.duration = *duration;
  return WatchAgent(context, options);
}

Command Presence(const char* word, agent::v1::Presence presence, const char* summary) {
  return {.path = {"agent", "<name>", word},
          .summary = summary,
          .flags = {{.name = "reason", .value = "TEXT", .help = "Why"}},
          .run = [presence](Context& context, const Arguments& arguments) {
            return SetPresence(context, arguments, presence);
          }};
}

Command ReplyCommand(const Positional& conversation) {
  return {
      .path = {"agent", "<name>", "reply"},
      .summary = "Answer the customer",
      .positionals = {conversation, {"TEXT", "The answer; - reads standard input", true, true}},
      .flags =
          {{.name = "file",
            .letter = 'f',
            .value = "FILE",
            .help = "Send a file",
            .repeated = true},
           {.name = "subject", .value = "TEXT", .help = "Of a mail; by default that of the thread"},
           {.name = "html", .help = "The text is HTML"},
           {.name = "template",
            .value = "NAME",
            .help = "Send a template that the vendor has approved; TEXT is how it reads"},
           {.name = "language", .value = "CODE", .help = "Of the template; en_US"},
           {.name = "parameter",
            .value = "TEXT",
            .help = "Of the template's body, in its order",
            .repeated = true},
           {.name = "choice",
            .value = "ID=TITLE",
            .help = "Something to press below the text",
            .repeated = true},
           {.name = "menu", .value = "TITLE", .help = "What opens more than three choices; Choose"},
           {.name = "resolve", .help = "And be done with it"}},
      .run = Reply};
}

}  // namespace

std::vector<Command> AgentCommands() {
  const Positional conversation = {"CONVERSATION", "Its id, or . for the only one he has"};
  const Positional offer = {"OFFER", "Which; by default the one that he is asked now", true};
  const Flag wait = {.name = "wait", .value = "DURATION", .help = "Wait so long for an offer"};
  const Flag reason = {.name = "reason", .value = "TEXT", .help = "Why"};
  return {
      Presence("online", agent::v1::PRESENCE_AVAILABLE, "Take offers"),
      Presence("busy", agent::v1::PRESENCE_BUSY, "Work on, but take no new offers"),
      Presence("away", agent::v1::PRESENCE_AWAY, "Take no offers"),
      Presence("offline", agent::v1::PRESENCE_OFFLINE, "Leave"),
      {.path = {"agent", "<name>", "watch"},
       .summary = "See what concerns the agent, sending heartbeats",
       .details =
           "With -o json one object per line. A stream that breaks off is taken up again where\n"
           "it ended.",
       .flags = {{.name = "auto-accept", .help = "Accept every offer"},
                 {.name = "online", .help = "Become available first"},
                 {.name = "for", .value = "DURATION", .help = "End after so long"}},
       .run = Watch},
      {.path = {"agent", "<name>", "accept"},
       .summary = "Accept an offer",
       .positionals = {offer},
       .flags = {wait},
       .run = Accept},
      {.path = {"agent", "<name>", "decline"},
       .summary = "Decline an offer",
       .positionals = {offer},
       .flags = {wait, reason},
       .run = Decline},
      ReplyCommand(conversation),
      {.path = {"agent", "<name>", "note"},
       .summary = "Write a note that only agents see",
       .positionals = {conversation, {"TEXT", "The note; - reads standard input", false, true}},
       .flags = {{.name = "mention", .value = "NAME", .help = "Tell this agent", .repeated = true}},
       .run = NoteOnConversation},
      {.path = {"agent", "<name>", "resolve"},
       .summary = "Be done with a conversation",
       .positionals = {conversation},
       .flags = {reason},
       .run = Resolve},
      {.path = {"agent", "<name>", "wrap-up"},
       .summary = "Complete the wrap-up of a conversation",
       .positionals = {conversation, {"CODE", "Wrap-up codes", true, true}},
       .run = WrapUp}};
}

}  // namespace trama::tramactl
