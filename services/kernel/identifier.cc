#include "services/kernel/identifier.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/kernel/email_address.h"
#include "services/kernel/phone.h"
#include "services/kernel/strings.h"

namespace trama {
namespace {

constexpr absl::string_view kUnknownCountry = "ZZ";

absl::Status MalformedIdentifier(absl::string_view kind, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("identifier of kind '", kind, "': ", what));
}

bool IsScopeless(std::string_view kind) { return kind == kEmailKind || kind == kPhoneKind; }

absl::Status CheckKind(std::string_view kind) {
  const auto good = [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_' || c == '-';
  };
  if (kind.empty() || kind.size() > kIdentifierKindBytesMax || !absl::ascii_islower(kind[0]) ||
      !std::all_of(kind.begin(), kind.end(), good)) {
    return absl::InvalidArgumentError(
        absl::StrCat("identifier kind must be 1 to ", kIdentifierKindBytesMax,
                     " of a-z, 0-9, '_' and '-', the first a letter, for example whatsapp"));
  }
  return absl::OkStatus();
}

absl::Status CheckText(std::string_view kind, absl::string_view part, std::string_view text,
                       size_t bytes_max) {
  if (text.size() > bytes_max) {
    return MalformedIdentifier(ToAbsl(kind),
                               absl::StrCat("its ", part, " has over ", bytes_max, " bytes"));
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  for (size_t at = 0; at < text.size();) {
    UChar32 c = 0;
    U8_NEXT(bytes, at, text.size(), c);
    const bool is_ascii = c >= 0 && c < 0x80;
    if (c < 0 || (is_ascii ? absl::ascii_iscntrl(static_cast<unsigned char>(c)) : u_iscntrl(c))) {
      return MalformedIdentifier(
          ToAbsl(kind), absl::StrCat("its ", part, " has control characters or is no UTF-8"));
    }
  }
  return absl::OkStatus();
}

// The rules that every identifier keeps, made here or read back.
absl::StatusOr<Identifier> Checked(Identifier identifier) {
  if (absl::Status bad = CheckKind(identifier.kind); !bad.ok()) return bad;
  if (IsScopeless(identifier.kind) && !identifier.scope.empty()) {
    return MalformedIdentifier(identifier.kind, "it has no scope; leave it empty");
  }
  absl::Status bad =
      CheckText(identifier.kind, "scope", identifier.scope, kIdentifierScopeBytesMax);
  if (!bad.ok()) return bad;
  if (identifier.value.empty()) return MalformedIdentifier(identifier.kind, "its value is empty");
  bad = CheckText(identifier.kind, "value", identifier.value, kIdentifierValueBytesMax);
  if (!bad.ok()) return bad;
  return identifier;
}

bool LooksLikeE164(std::string_view value) {
  return value.size() >= 2 && value[0] == '+' &&
         value.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

absl::StatusOr<Identifier> Email(std::string_view scope, std::string_view raw) {
  const absl::StatusOr<EmailAddress> address = EmailAddress::Parse(raw);
  if (!address.ok()) return address.status();
  return Checked({std::string(kEmailKind), std::string(scope), address->Key()});
}

absl::StatusOr<Identifier> Phone(std::string_view scope, std::string_view raw,
                                 std::string_view default_region) {
  absl::StatusOr<std::string> phone = CanonicalPhone(raw, default_region);
  if (!phone.ok()) return phone.status();
  return Checked({std::string(kPhoneKind), std::string(scope), *std::move(phone)});
}

absl::StatusOr<Identifier> SmsSender(std::string_view scope, std::string_view raw,
                                     std::string_view default_region) {
  const std::string_view country = scope.empty() ? default_region : scope;
  if (absl::StatusOr<std::string> phone = CanonicalPhone(raw, country); phone.ok()) {
    return Checked({std::string(kPhoneKind), "", *std::move(phone)});
  }
  std::string upper = absl::AsciiStrToUpper(ToAbsl(country));
  if (upper.empty()) upper = std::string(kUnknownCountry);
  return Checked({std::string(kSmsKind), std::move(upper), std::string(raw)});
}

}  // namespace

std::string FormatIdentifier(const Identifier& identifier) {
  if (IsScopeless(identifier.kind)) return absl::StrCat(identifier.kind, ":", identifier.value);
  const std::string scope = absl::StrReplaceAll(identifier.scope, {{"%", "%25"}, {":", "%3A"}});
  return absl::StrCat(identifier.kind, ":", scope, ":", identifier.value);
}

absl::StatusOr<Identifier> ParseIdentifier(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return absl::InvalidArgumentError(
        "identifier has no ':'; give it as kind:value or kind:scope:value");
  }
  Identifier identifier{std::string(text.substr(0, colon)), "", ""};
  if (absl::Status bad = CheckKind(identifier.kind); !bad.ok()) return bad;
  std::string_view rest = text.substr(colon + 1);
  if (!IsScopeless(identifier.kind)) {
    const size_t second = rest.find(':');
    if (second == std::string_view::npos) {
      return MalformedIdentifier(identifier.kind, "it has no scope; give it as kind:scope:value");
    }
    identifier.scope =
        absl::StrReplaceAll(ToAbsl(rest.substr(0, second)), {{"%3A", ":"}, {"%25", "%"}});
    rest = rest.substr(second + 1);
  }
  identifier.value = std::string(rest);
  if (identifier.kind == kEmailKind && rest.find('@') == std::string_view::npos) {
    return MalformedIdentifier(identifier.kind, "its value has no '@'");
  }
  if (identifier.kind == kPhoneKind && !LooksLikeE164(rest)) {
    return MalformedIdentifier(identifier.kind, "its value is not '+' and digits");
  }
  absl::StatusOr<Identifier> checked = Checked(std::move(identifier));
  if (checked.ok() && FormatIdentifier(*checked) != text) {
    return MalformedIdentifier(checked->kind, "its scope has a '%' that is neither %25 nor %3A");
  }
  return checked;
}

absl::StatusOr<Identifier> NormaliseIdentifier(std::string_view kind, std::string_view scope,
                                               std::string_view raw,
                                               std::string_view default_region) {
  if (absl::Status bad = CheckKind(kind); !bad.ok()) return bad;
  const std::string_view trimmed = ToStd(absl::StripAsciiWhitespace(ToAbsl(raw)));
  if (kind == kEmailKind) return Email(scope, trimmed);
  if (kind == kPhoneKind) return Phone(scope, trimmed, default_region);
  if (kind == kSmsKind) return SmsSender(scope, trimmed, default_region);
  std::string value(trimmed);
  if (kind == kReferenceKind) absl::AsciiStrToUpper(&value);
  return Checked({std::string(kind), std::string(scope), std::move(value)});
}

}  // namespace trama
