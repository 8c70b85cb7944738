#include "services/platform/http/url.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/ip/address_v6.hpp"
#include "services/kernel/strings.h"
#include "services/platform/base/server_address.h"

namespace trama::platform {
namespace {

// Of forms, to have the memory for most at once.
constexpr size_t kFieldBytesUsual = 8;
constexpr size_t kFieldsUsual = 24;
constexpr char kHexDigits[] = "0123456789ABCDEF";

// The value of each hexadecimal digit, negative for other characters.
constexpr std::array<int8_t, 256> kHexValues = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 10; ++i) values[static_cast<size_t>('0' + i)] = static_cast<int8_t>(i);
  for (int i = 0; i < 6; ++i) {
    values[static_cast<size_t>('a' + i)] = static_cast<int8_t>(10 + i);
    values[static_cast<size_t>('A' + i)] = static_cast<int8_t>(10 + i);
  }
  return values;
}();

int HexValue(char c) { return kHexValues[static_cast<unsigned char>(c)]; }

bool IsUnreserved(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

void AppendEscaped(char c, std::string& out) {
  const auto byte = static_cast<unsigned char>(c);
  out.push_back('%');
  out.push_back(kHexDigits[byte >> 4]);
  out.push_back(kHexDigits[byte & 15]);
}

uint16_t DefaultPort(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

// Path and query as they may stand in a request line: spaces and bytes beyond ASCII, which careless
// servers put into Location, are escaped; control characters never pass.
std::optional<std::string> CleanTarget(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return std::nullopt;
    if (byte >= 0x80 || std::string_view(" \"<>\\").find(c) != std::string_view::npos) {
      AppendEscaped(c, out);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

absl::Status ParseAuthority(std::string_view authority, Url& url) {
  if (authority.find('@') != std::string_view::npos) {
    return absl::InvalidArgumentError(
        "the URL has a user name or password before its host, put them into a header");
  }
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) {
      return absl::InvalidArgumentError("the URL's IPv6 address lacks its ']'");
    }
    url.host = std::string(authority.substr(1, end - 1));
    boost::system::error_code error;
    boost::asio::ip::make_address_v6(url.host, error);
    if (error || url.host.find('%') != std::string::npos) {
      return absl::InvalidArgumentError("the URL's host is no IPv6 address");
    }
    port = authority.substr(end + 1);
    if (!port.empty() && port.front() != ':') {
      return absl::InvalidArgumentError("the URL has something between ']' and its port");
    }
  } else {
    const size_t colon = authority.find(':');
    url.host = std::string(authority.substr(0, colon));
    port = colon == std::string_view::npos ? "" : authority.substr(colon);
    // "host." is the same host, but would slip through comparisons of names.
    if (!url.host.empty() && url.host.back() == '.') url.host.pop_back();
    if (!IsHostName(url.host)) {
      return absl::InvalidArgumentError(
          "the URL's host is no DNS name, write names beyond ASCII in their xn-- form");
    }
  }
  absl::AsciiStrToLower(&url.host);
  url.port = DefaultPort(url.scheme);
  if (port.size() <= 1) return absl::OkStatus();  // "host:" is allowed by RFC 3986.
  int number = 0;
  const std::string_view digits = port.substr(1);
  const bool all_digits = digits.find_first_not_of("0123456789") == std::string_view::npos;
  if (!all_digits || !absl::SimpleAtoi(ToAbsl(digits), &number) || number < 1 || number > 65535) {
    return absl::InvalidArgumentError("the URL's port is not a number from 1 to 65535");
  }
  url.port = static_cast<uint16_t>(number);
  return absl::OkStatus();
}

// RFC 3986, 5.2.4, for a path that starts with '/'.
std::string RemoveDotSegments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const size_t next = path.find('/', 1);
    const std::string_view segment = path.substr(0, next);
    const bool last = next == std::string_view::npos;
    if (segment == "/.") {
      if (last) out.push_back('/');
    } else if (segment == "/..") {
      const size_t slash = out.rfind('/');
      out.resize(slash == std::string::npos ? 0 : slash);
      if (last) out.push_back('/');
    } else {
      out.append(segment);
    }
    path = last ? std::string_view() : path.substr(next);
  }
  return out.empty() ? "/" : out;
}

bool HasScheme(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  if (!absl::ascii_isalpha(static_cast<unsigned char>(text.front()))) return false;
  return std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(colon), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '-' || c == '.';
  });
}

// Puts `text` into `out` without its escapes.
absl::Status Unescape(std::string_view text, bool plus_is_space, std::string& out) {
  // Most has no escapes, and is copied as it is.
  if (text.find('%') == std::string_view::npos &&
      (!plus_is_space || text.find('+') == std::string_view::npos)) {
    out.assign(text);
    return absl::OkStatus();
  }
  out.resize(text.size());  // At most; nothing gets longer.
  char* to = out.data();
  const char* const end = text.data() + text.size();
  for (const char* from = text.data(); from != end; ++from) {
    if (*from != '%') {
      *to++ = *from == '+' && plus_is_space ? ' ' : *from;
      continue;
    }
    const int high = end - from > 2 ? HexValue(from[1]) : -1;
    const int low = end - from > 2 ? HexValue(from[2]) : -1;
    if (high < 0 || low < 0) {
      return absl::InvalidArgumentError(absl::StrCat("'%' without two hex digits at position ",
                                                     from - text.data(), ", write %25 for a '%'"));
    }
    *to++ = static_cast<char>(high * 16 + low);
    from += 2;
  }
  out.resize(static_cast<size_t>(to - out.data()));
  return absl::OkStatus();
}

}  // namespace

std::string Url::Target() const { return query.empty() ? path : absl::StrCat(path, "?", query); }

std::string Url::Authority() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  std::string out = is_v6 ? absl::StrCat("[", host, "]") : host;
  if (port != DefaultPort(scheme)) absl::StrAppend(&out, ":", port);
  return out;
}

std::string Url::Origin() const { return absl::StrCat(scheme, "://", Authority()); }

std::string Url::ToString() const { return absl::StrCat(Origin(), Target()); }

absl::StatusOr<Url> ParseUrl(std::string_view text) {
  if (text.size() > kUrlBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("the URL has ", text.size(), " bytes, more than ", kUrlBytesMax));
  }
  Url url;
  const size_t scheme_end = text.find("://");
  if (scheme_end != std::string_view::npos) {
    url.scheme = absl::AsciiStrToLower(ToAbsl(text.substr(0, scheme_end)));
  }
  if (url.scheme != "http" && url.scheme != "https") {
    return absl::InvalidArgumentError("the URL does not start with http:// or https://");
  }
  std::string_view rest = text.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('#'));
  const size_t target_at = std::min(rest.find_first_of("/?"), rest.size());
  const absl::Status parsed = ParseAuthority(rest.substr(0, target_at), url);
  if (!parsed.ok()) return parsed;

  const std::optional<std::string> target = CleanTarget(rest.substr(target_at));
  if (!target.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the URL of ", url.Origin(), " has a control character in it"));
  }
  const size_t question = std::min(target->find('?'), target->size());
  url.path = target->substr(0, question);
  if (question < target->size()) url.query = target->substr(question + 1);
  if (url.path.empty()) url.path = "/";
  return url;
}

absl::StatusOr<Url> ResolveUrl(const Url& base, std::string_view reference) {
  if (reference.size() > kUrlBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("the address has ", reference.size(), " bytes, more than ", kUrlBytesMax));
  }
  if (HasScheme(reference)) return ParseUrl(reference);
  if (absl::StartsWith(ToAbsl(reference), "//")) {
    return ParseUrl(absl::StrCat(base.scheme, ":", ToAbsl(reference)));
  }
  reference = reference.substr(0, reference.find('#'));
  if (reference.empty()) return base;
  const size_t question = std::min(reference.find('?'), reference.size());
  std::string path(reference.substr(0, question));
  if (path.empty()) {
    path = base.path;
  } else if (path.front() != '/') {
    path = absl::StrCat(base.path.substr(0, base.path.rfind('/') + 1), path);
  }
  return ParseUrl(
      absl::StrCat(base.Origin(), RemoveDotSegments(path), ToAbsl(reference.substr(question))));
}

std::string PercentEncode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out.push_back(c);
    } else {
      AppendEscaped(c, out);
    }
  }
  return out;
}

absl::StatusOr<std::string> PercentDecode(std::string_view text) {
  std::string out;
  absl::Status decoded = Unescape(text, /*plus_is_space=*/false, out);
  if (!decoded.ok()) return decoded;
  return out;
}

absl::StatusOr<FormFields> DecodeForm(std::string_view text) {
  FormFields fields;
  fields.reserve(std::min(text.size() / kFieldBytesUsual, kFieldsUsual));
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    if (fields.size() == kFormFieldsMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("the form has more than ", kFormFieldsMax, " fields"));
    }
    const size_t equals = std::min(part.find('='), part.size());
    auto& [name, value] = fields.emplace_back();
    absl::Status decoded = Unescape(part.substr(0, equals), /*plus_is_space=*/true, name);
    if (!decoded.ok()) return decoded;
    const std::string_view raw = part.substr(std::min(equals + 1, part.size()));
    decoded = Unescape(raw, /*plus_is_space=*/true, value);
    if (!decoded.ok()) return decoded;
  }
  return fields;
}

std::string EncodeForm(const FormFields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    absl::StrAppend(&out, out.empty() ? "" : "&", PercentEncode(name), "=", PercentEncode(value));
  }
  return out;
}

std::string_view FormValue(const FormFields& fields, std::string_view name) {
  for (const auto& [field, value] : fields) {
    if (field == name) return value;
  }
  return {};
}

}  // namespace trama::platform
