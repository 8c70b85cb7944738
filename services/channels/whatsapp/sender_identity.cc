#include "services/channels/whatsapp/sender_identity.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/kernel/identifier.h"
#include "services/kernel/resources/identifiers.h"
#include "services/kernel/text.h"

namespace trama::whatsapp {

namespace {

constexpr size_t kNameMaxBytes = 256;

// "Ana (@ana.k)"; the user name alone when there is no other.
std::string DisplayName(const Json& contact) {
  const Json& profile = ObjectOf(contact, "profile");
  std::string name = TextOf(profile, "name");
  if (const std::string user = TextOf(profile, "username"); !user.empty()) {
    name = name.empty() ? absl::StrCat("@", user) : absl::StrCat(name, " (@", user, ")");
  }
  return std::string(TruncateUtf8(name, kNameMaxBytes));
}

}  // namespace

std::string UserScope(const WhatsAppAccountView& account) {
  return absl::StrCat(kChannel, "/", account.portfolio);
}

types::v1::Identifier UserIdentifier(const WhatsAppAccountView& account,
                                     const std::string& user_id) {
  return ToProto(Identifier{kChannel, UserScope(account), user_id});
}

absl::StatusOr<interaction::v1::Sender> MakeSender(const WhatsAppAccountView& account,
                                                   const std::string& user_id,
                                                   const std::string& wa_id, const Json& contact) {
  std::vector<types::v1::Identifier> known;
  if (IsUserId(user_id)) known.push_back(UserIdentifier(account, user_id));
  const bool has_number = IsWaId(wa_id);
  if (has_number) {
    const auto phone = NormaliseIdentifier(kPhoneKind, "", absl::StrCat("+", wa_id), "");
    if (phone.ok()) known.push_back(ToProto(*phone));
  }
  if (known.empty()) {
    return absl::InvalidArgumentError("neither a user id nor a telephone number names the sender");
  }
  interaction::v1::Sender sender;
  *sender.mutable_identifier() = std::move(known.front());
  for (size_t i = 1; i < known.size(); ++i) *sender.add_also() = std::move(known[i]);
  sender.set_address(has_number ? wa_id : user_id);
  sender.set_display_name(DisplayName(contact));
  // An account of WhatsApp is bound to a number that its owner has proved to have.
  sender.set_verified(true);
  return sender;
}

}  // namespace trama::whatsapp
