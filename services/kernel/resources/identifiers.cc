#include "services/kernel/resources/identifiers.h"

#include "services/kernel/ids.h"

namespace trama {
namespace {

// A channel's own kind reads back as this word: the scope, a business account of one vendor, tells
// the channels apart.
constexpr std::string_view kChannelWord = "channel";

types::v1::IdentifierKind KindOf(std::string_view word) {
  if (word == kEmailKind) return types::v1::IDENTIFIER_KIND_EMAIL;
  if (word == kPhoneKind) return types::v1::IDENTIFIER_KIND_PHONE;
  if (word == kSmsKind) return types::v1::IDENTIFIER_KIND_SMS_SENDER;
  if (word == kAccountKind) return types::v1::IDENTIFIER_KIND_ACCOUNT;
  if (word == kDeviceKind) return types::v1::IDENTIFIER_KIND_DEVICE;
  if (word == kReferenceKind) return types::v1::IDENTIFIER_KIND_REFERENCE;
  return types::v1::IDENTIFIER_KIND_CHANNEL;
}

}  // namespace

types::v1::Identifier ToProto(const Identifier& identifier) {
  types::v1::Identifier proto;
  proto.set_kind(KindOf(identifier.kind));
  proto.set_scope(identifier.scope);
  proto.set_value(identifier.value);
  return proto;
}

std::string_view KindWord(types::v1::IdentifierKind kind) {
  switch (kind) {
    case types::v1::IDENTIFIER_KIND_EMAIL:
      return kEmailKind;
    case types::v1::IDENTIFIER_KIND_PHONE:
      return kPhoneKind;
    case types::v1::IDENTIFIER_KIND_CHANNEL:
      return kChannelWord;
    case types::v1::IDENTIFIER_KIND_ACCOUNT:
      return kAccountKind;
    case types::v1::IDENTIFIER_KIND_DEVICE:
      return kDeviceKind;
    case types::v1::IDENTIFIER_KIND_REFERENCE:
      return kReferenceKind;
    case types::v1::IDENTIFIER_KIND_SMS_SENDER:
      return kSmsKind;
    default:
      return "";
  }
}

absl::StatusOr<Identifier> FromProto(const types::v1::Identifier& identifier) {
  const std::string_view kind = KindWord(identifier.kind());
  if (kind.empty()) {
    return absl::InvalidArgumentError("identifier has no kind; say which, for example email");
  }
  Identifier read{std::string(kind), identifier.scope(), identifier.value()};
  const absl::StatusOr<Identifier> checked = ParseIdentifier(FormatIdentifier(read));
  if (!checked.ok()) return checked.status();
  // FormatIdentifier leaves the scope of an e-mail or a phone out.
  if (*checked != read) {
    return absl::InvalidArgumentError(
        "identifier of an e-mail address or a phone has no scope; "
        "leave it empty");
  }
  return read;
}

std::string CustomerIdOf(std::string_view identity_secret,
                         const types::v1::Identifier& identifier) {
  const Identifier plain{std::string(KindWord(identifier.kind())), identifier.scope(),
                         identifier.value()};
  return KeyedId(identity_secret, {"customer", FormatIdentifier(plain)});
}

std::string BlobOwnerKey(std::string_view identity_secret, const types::v1::Identifier& owner) {
  return KeyedId(identity_secret, {"blob", KindWord(owner.kind()), owner.scope(), owner.value()});
}

}  // namespace trama
