#include "services/routing/refusals.h"

#include "absl/strings/str_cat.h"
#include "services/kernel/errors.h"
#include "services/kernel/strings.h"
#include "services/routing/conversation_state.h"

namespace trama::routing {
namespace {

ErrorMetadata NamesOf(const Conversation& conversation) {
  return {{"conversation_id", conversation.row->conversation_id()},
          {"state", std::string(StateName(conversation.row->state()))}};
}

}  // namespace

absl::Status UnknownConversation(std::string_view id) {
  return TypedError(absl::StatusCode::kNotFound, "UNKNOWN_CONVERSATION",
                    absl::StrCat("conversation \"", ToAbsl(id),
                                 "\" does not exist in this workspace, or was closed long ago"));
}

absl::Status UnknownAgent(std::string_view id) {
  return TypedError(
      absl::StatusCode::kNotFound, "UNKNOWN_AGENT",
      absl::StrCat("agent \"", ToAbsl(id),
                   "\" is not configured in this workspace; apply an Agent resource"));
}

absl::Status NotYours(const Conversation& conversation, std::string_view agent) {
  return TypedError(absl::StatusCode::kPermissionDenied, "NOT_YOURS",
                    absl::StrCat("conversation ", conversation.row->conversation_id(),
                                 " is not with agent \"", ToAbsl(agent), "\""),
                    NamesOf(conversation));
}

absl::Status WrongState(const Conversation& conversation, std::string_view wanted) {
  return TypedError(
      absl::StatusCode::kFailedPrecondition, "WRONG_STATE",
      absl::StrCat("conversation ", conversation.row->conversation_id(), " is ",
                   ToAbsl(StateName(conversation.row->state())), ", it must be ", ToAbsl(wanted)),
      NamesOf(conversation));
}

absl::Status OptedOut(const Conversation& conversation) {
  return TypedError(absl::StatusCode::kFailedPrecondition, "OPTED_OUT",
                    absl::StrCat("the customer has opted out of channel ",
                                 conversation.row->channel(), "; nothing was sent"),
                    NamesOf(conversation));
}

absl::Status NeedsTemplate(const Conversation& conversation) {
  return TypedError(
      absl::StatusCode::kFailedPrecondition, "NEEDS_TEMPLATE",
      absl::StrCat("the customer's last message on channel ", conversation.row->channel(),
                   " is too long ago to answer freely; reply with a template that "
                   "the vendor has approved, nothing was sent"),
      NamesOf(conversation));
}

absl::Status OfferRefusal(std::string_view reason, std::string_view message) {
  const bool is_unknown = reason == "OFFER_UNKNOWN";
  return TypedError(
      is_unknown ? absl::StatusCode::kNotFound : absl::StatusCode::kFailedPrecondition, reason,
      message);
}

absl::Status AddressPending(const Conversation& conversation) {
  return RetryAfter(
      TypedError(absl::StatusCode::kUnavailable, "ADDRESS_PENDING",
                 "the customer's address is being read from profile again; repeat the call",
                 NamesOf(conversation)),
      absl::Seconds(1));
}

}  // namespace trama::routing
