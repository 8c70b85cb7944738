#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trama {

// Kinds that have rules of their own. Every other kind is the name of a channel ("whatsapp",
// "telegram", "chat") whose ids are opaque and unique only inside their scope.
inline constexpr std::string_view kEmailKind = "email";  // No scope.
inline constexpr std::string_view kPhoneKind = "phone";  // No scope; canonical E.164.
inline constexpr std::string_view kSmsKind =
    "sms";  // Scope: country; senders like "BANCO" or "27543".
inline constexpr std::string_view kAccountKind = "account";      // Scope: the system that has it.
inline constexpr std::string_view kDeviceKind = "device";        // Scope: what made the id.
inline constexpr std::string_view kReferenceKind = "reference";  // Scope: of what (order, invoice).

inline constexpr size_t kIdentifierKindBytesMax = 32;
inline constexpr size_t kIdentifierScopeBytesMax = 128;
inline constexpr size_t kIdentifierValueBytesMax = 512;

// One address of a customer, normalised: equal identifiers are the same address. A value; made by
// NormaliseIdentifier or ParseIdentifier. It is personal data: never log it.
struct Identifier {
  std::string kind;   // a-z 0-9 _ -, first a letter.
  std::string scope;  // Where the value is unique; empty for email and phone.
  std::string value;

  // By kind, scope, value, in byte order: the same in every process.
  friend std::strong_ordering operator<=>(const Identifier&, const Identifier&) = default;
  friend bool operator==(const Identifier&, const Identifier&) = default;
};

// The canonical text: "email:ana@x.test", "phone:+5511987654321", "whatsapp:<scope>:<value>",
// "sms:BR:27543". In the scope ':' is written %3A and '%' %25, so that the text reads back.
std::string FormatIdentifier(const Identifier& identifier);

// Reads canonical text. Checks its shape only, so that what was once stored stays readable when
// numbering plans or Unicode move on. InvalidArgument otherwise.
absl::StatusOr<Identifier> ParseIdentifier(std::string_view text);

// The one entry for addresses from outside.
//   email      EmailAddress::Key()
//   phone      canonical E.164; `default_region` (may be empty) is for numbers without '+'
//   sms        a phone identifier when it is a number, otherwise ("BANCO", "27543") an sms
//              identifier scoped by country: `scope`, or else `default_region`, or else "ZZ"
//   reference  trimmed, A-Z in capitals
//   others     trimmed, otherwise as given: the ids are opaque and their case may count
// Scopes of email and phone must be empty. InvalidArgument otherwise; the text of an error names
// the kind and what is wrong, never the value.
absl::StatusOr<Identifier> NormaliseIdentifier(std::string_view kind, std::string_view scope,
                                               std::string_view raw,
                                               std::string_view default_region);

}  // namespace trama
