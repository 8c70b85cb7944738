#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace trama::platform {

// An absolute http or https address. No user information: credentials do not belong in URLs.
struct Url {
  std::string scheme;  // "http" or "https".
  std::string host;    // Lower case, without brackets around IPv6.
  uint16_t port = 0;   // Never 0 after ParseUrl: 80 or 443 when not given.
  std::string path;    // Starts with '/', as written, not decoded.
  std::string query;   // Without '?', not decoded.

  // Path and query, as it stands in a request line.
  std::string Target() const;
  // "https://host:port", the port only when it is not the scheme's own.
  std::string Origin() const;
  // Value of the Host header: "host" or "host:port".
  std::string Authority() const;
  std::string ToString() const;  // Without a fragment, which is never sent.
};

constexpr size_t kUrlBytesMax = 16 * 1024;

// INVALID_ARGUMENT says what is wrong; the message holds no more of the URL than scheme and host,
// because queries carry personal data and signatures.
absl::StatusOr<Url> ParseUrl(std::string_view text);

// Resolves the value of a Location header against the URL that answered with it.
absl::StatusOr<Url> ResolveUrl(const Url& base, std::string_view reference);

// Everything but letters, digits and "-._~" becomes %XX (RFC 3986 unreserved).
std::string PercentEncode(std::string_view text);
// INVALID_ARGUMENT for a '%' without two hex digits. '+' stays '+'.
absl::StatusOr<std::string> PercentDecode(std::string_view text);

// Fields of a query or form in their order, with repeats, names and values decoded.
using FormFields = std::vector<std::pair<std::string, std::string>>;

constexpr size_t kFormFieldsMax = 1000;

// application/x-www-form-urlencoded, also queries: '+' is a space, a field without '=' has an empty
// value, empty parts ("a=1&&b=2") are skipped. INVALID_ARGUMENT for a broken escape or too many
// fields.
absl::StatusOr<FormFields> DecodeForm(std::string_view text);
std::string EncodeForm(const FormFields& fields);
// The first value of that name (case matters); empty when there is none.
std::string_view FormValue(const FormFields& fields, std::string_view name);

}  // namespace trama::platform
