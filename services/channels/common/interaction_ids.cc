#include "services/channels/common/interaction_ids.h"

#include "absl/strings/str_cat.h"
#include "services/kernel/ids.h"
#include "services/kernel/strings.h"

namespace trama::channels {

std::string InteractionId(std::string_view channel, std::string_view workspace,
                          std::string_view account, std::string_view vendor_event_id,
                          interaction::v1::Kind kind) {
  // The enum's name, not its number: it stays the same in every language that computes this.
  return DerivedId(
      {channel, workspace, account, vendor_event_id, interaction::v1::Kind_Name(kind)});
}

std::string InteractionId(std::string_view channel, std::string_view workspace,
                          std::string_view account, std::string_view vendor_event_id,
                          interaction::v1::Kind kind, std::string_view part) {
  return DerivedId(
      {channel, workspace, account, vendor_event_id, interaction::v1::Kind_Name(kind), part});
}

std::string ReceiptId(std::string_view channel, std::string_view workspace,
                      std::string_view account, std::string_view vendor_message_id,
                      std::string_view vendor_status) {
  return DerivedId({"receipt", channel, workspace, account, vendor_message_id, vendor_status});
}

std::string InteractionKey(std::string_view workspace, const types::v1::Identifier& sender) {
  return absl::StrCat(ToAbsl(workspace), "/", ToAbsl(KindWord(sender.kind())), ":",
                      sender.scope().empty() ? "" : absl::StrCat(sender.scope(), ":"),
                      sender.value());
}

}  // namespace trama::channels
