#include "services/kernel/email_address.h"

#include <idn2.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "services/kernel/strings.h"
#include "services/kernel/text.h"

namespace trama {
namespace {

constexpr size_t kLabelBytesMax = 63;

absl::Status MalformedAddress(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("e-mail address: ", what, "; give it as local-part@domain"));
}

bool IsAsciiByte(char c) { return static_cast<unsigned char>(c) < 0x80; }

bool IsAllAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), IsAsciiByte);
}

// atext of RFC 5322, 3.2.3, and the bytes of UTF-8 (RFC 6532).
bool IsAtomByte(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-/=?^_`{|}~";
  return !IsAsciiByte(c) || absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         kOthers.find(c) != std::string_view::npos;
}

// Well-formed, and nothing that could end a line or hide in one.
bool IsPrintableUtf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  for (size_t at = 0; at < text.size();) {
    UChar32 c = 0;
    U8_NEXT(bytes, at, text.size(), c);
    if (c < 0 || u_iscntrl(c)) return false;
    if (c >= 0x80 && u_isUWhiteSpace(c)) return false;
  }
  return true;
}

bool IsDotAtom(std::string_view local) {
  bool dot_allowed = false;
  for (const char c : local) {
    if (c == '.' ? !dot_allowed : !IsAtomByte(c)) return false;
    dot_allowed = c != '.';
  }
  return dot_allowed;  // Neither empty nor with a dot at the end.
}

// The local part as it goes over the wire.
std::string Wire(std::string_view local) {
  if (IsDotAtom(local)) return std::string(local);
  std::string quoted = "\"";
  for (const char c : local) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

struct Halves {
  std::string local;  // Without quotes.
  std::string_view domain;
};

absl::StatusOr<Halves> SplitQuoted(std::string_view text) {
  Halves halves;
  size_t at = 1;
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && ++at == text.size()) break;
    halves.local += text[at];
  }
  if (at >= text.size()) return MalformedAddress("the quoted local part has no end");
  if (at + 1 >= text.size() || text[at + 1] != '@') {
    return MalformedAddress("there is no '@' after the quoted local part");
  }
  halves.domain = text.substr(at + 2);
  return halves;
}

absl::StatusOr<Halves> Split(std::string_view text) {
  if (!text.empty() && text.front() == '"') return SplitQuoted(text);
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos) return MalformedAddress("there is no '@'");
  Halves halves{std::string(text.substr(0, at)), text.substr(at + 1)};
  for (const char c : halves.local) {
    if (c != '.' && !IsAtomByte(c)) {
      return MalformedAddress("the local part has a character that must stand in quotes");
    }
  }
  return halves;
}

// "[192.0.2.1]", "[IPv6:2001:db8::1]": RFC 5321, 4.1.3, by its alphabet only.
absl::StatusOr<std::string> AddressLiteral(std::string_view domain) {
  std::string literal = absl::AsciiStrToLower(ToAbsl(domain));
  std::string_view inside(literal);
  inside.remove_prefix(1);
  const bool closed = !inside.empty() && inside.back() == ']';
  if (closed) inside.remove_suffix(1);
  constexpr std::string_view kIpV6 = "ipv6:";
  const bool six = inside.starts_with(kIpV6);
  if (six) inside.remove_prefix(kIpV6.size());
  const std::string_view alphabet = six ? "0123456789abcdef:." : "0123456789.";
  if (!closed || inside.empty() || inside.find_first_not_of(alphabet) != std::string_view::npos) {
    return MalformedAddress("the domain is no address literal such as [192.0.2.1]");
  }
  return literal;
}

absl::Status CheckLabel(absl::string_view label) {
  if (label.empty()) return MalformedAddress("the domain has an empty label");
  if (label.size() > kLabelBytesMax)
    return MalformedAddress("a label of the domain has over 63 bytes");
  if (label.front() == '-' || label.back() == '-') {
    return MalformedAddress("a label of the domain starts or ends with a hyphen");
  }
  for (const char c : label) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') {
      return MalformedAddress("the domain has a character that no domain can have");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ToALabels(const std::string& domain) {
  char* ascii = nullptr;
  const int code = idn2_to_ascii_8z(domain.c_str(), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (code != IDN2_OK) {
    return MalformedAddress(
        absl::StrCat("the domain is no internationalised name: ", idn2_strerror_name(code)));
  }
  std::string out(ascii);
  idn2_free(ascii);
  return out;
}

}  // namespace

absl::StatusOr<std::string> NormaliseDomain(std::string_view domain) {
  if (domain.size() > 4 * kEmailDomainBytesMax || domain.find('\0') != std::string_view::npos) {
    return MalformedAddress("the domain is too long or has a zero byte");
  }
  std::string ascii(domain);
  // A-labels that came as such are not looked into: what the DNS answers to is a domain, whatever
  // IDNA's tables say today.
  if (!IsAllAscii(domain)) {
    absl::StatusOr<std::string> labels = ToALabels(ascii);
    if (!labels.ok()) return labels.status();
    ascii = *std::move(labels);
  }
  absl::AsciiStrToLower(&ascii);
  if (!ascii.empty() && ascii.back() == '.') ascii.pop_back();
  if (ascii.size() > kEmailDomainBytesMax) return MalformedAddress("the domain has over 255 bytes");
  for (const absl::string_view label : absl::StrSplit(ascii, '.')) {
    if (absl::Status bad = CheckLabel(label); !bad.ok()) return bad;
  }
  return ascii;
}

absl::StatusOr<EmailAddress> EmailAddress::Parse(std::string_view addr_spec) {
  addr_spec = ToStd(absl::StripAsciiWhitespace(ToAbsl(addr_spec)));
  if (addr_spec.size() > 4 * kEmailAddressBytesMax)
    return MalformedAddress("it has over 254 bytes");
  if (!IsPrintableUtf8(addr_spec))
    return MalformedAddress("it has control characters or is no UTF-8");
  absl::StatusOr<Halves> halves = Split(addr_spec);
  if (!halves.ok()) return halves.status();
  if (halves->local.empty()) return MalformedAddress("there is nothing before the '@'");
  if (halves->domain.empty()) return MalformedAddress("there is nothing after the '@'");

  absl::StatusOr<std::string> domain = halves->domain.front() == '['
                                           ? AddressLiteral(halves->domain)
                                           : NormaliseDomain(halves->domain);
  if (!domain.ok()) return domain.status();
  EmailAddress address;
  address.local_ = std::move(halves->local);
  address.domain_ = *std::move(domain);
  if (Wire(address.local_).size() > kEmailLocalPartBytesMax) {
    return MalformedAddress("the local part has over 64 bytes");
  }
  if (address.Address().size() > kEmailAddressBytesMax)
    return MalformedAddress("it has over 254 bytes");
  return address;
}

std::string EmailAddress::Address() const { return absl::StrCat(Wire(local_), "@", domain_); }

std::string EmailAddress::Key() const {
  return absl::StrCat(Wire(LowerUtf8(local_)), "@", domain_);
}

bool EmailAddress::NeedsSmtpUtf8() const { return !IsAllAscii(local_); }

std::optional<EmailAddress::Plus> EmailAddress::SplitPlus() const {
  const size_t plus = local_.find('+', 1);
  if (plus == std::string::npos) return std::nullopt;
  return Plus{local_.substr(0, plus), local_.substr(plus + 1)};
}

std::string EmailAddress::SuggestedMergeKey() const {
  if (domain_ != "gmail.com" && domain_ != "googlemail.com") return Key();
  std::string base = LowerUtf8(local_);
  base.resize(std::min(base.find('+'), base.size()));
  base = absl::StrReplaceAll(base, {{".", ""}});
  if (base.empty()) return Key();
  return absl::StrCat(Wire(base), "@gmail.com");
}

}  // namespace trama
