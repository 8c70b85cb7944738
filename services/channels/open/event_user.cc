#include "services/channels/open/event_user.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "services/channels/open/event.h"
#include "services/kernel/identifier.h"
#include "services/kernel/resources/identifiers.h"

namespace trama::open_channel {

namespace {

// `field` is user.email or user.phone; "<field>_verified" says whether the integrator vouches.
void ReadContact(const FieldReader& user, std::string_view kind, const char* field,
                 const OpenAccountView& account, interaction::v1::Interaction& said) {
  const std::string given = user.Text(field, kIdentifierValueBytesMax);
  const bool is_verified = user.Flag((std::string(field) + "_verified").c_str());
  if (given.empty()) return;
  const absl::StatusOr<Identifier> identifier =
      NormaliseIdentifier(kind, "", given, account.default_region);
  if (!identifier.ok()) {
    user.Refuse(field, kind == kEmailKind ? "is not an e-mail address"
                                          : "is not a telephone number; write it as +14155550123");
  } else if (is_verified) {
    *said.mutable_sender()->add_also() = ToProto(*identifier);
  } else {
    (*said.mutable_channel_facts())[absl::StrCat("unverified_", field)] = identifier->value;
  }
}

}  // namespace

void ReadUser(const FieldReader& event, const OpenAccountView& account,
              std::optional<Refusal>& refusal, interaction::v1::Interaction& said) {
  const FieldReader user = event.Object("user");
  const std::string id = user.RequiredId("id");
  interaction::v1::Sender& sender = *said.mutable_sender();
  sender.set_address(id);
  sender.set_display_name(user.Text("name", kNameBytesMax));
  sender.set_verified(user.Flag("verified"));
  ReadContact(user, kEmailKind, "email", account, said);
  ReadContact(user, kPhoneKind, "phone", account, said);
  if (refusal.has_value()) return;
  const absl::StatusOr<Identifier> identifier =
      NormaliseIdentifier(kChannel, UserScope(account.name), id, account.default_region);
  if (!identifier.ok()) return user.Refuse("id", "has nothing but white space, or is no UTF-8");
  *sender.mutable_identifier() = ToProto(*identifier);
}

}  // namespace trama::open_channel
