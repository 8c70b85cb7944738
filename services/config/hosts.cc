#include "services/config/hosts.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "services/kernel/strings.h"

namespace trama::config {
namespace {

constexpr size_t kHostMaxBytes = 253;
constexpr size_t kLabelMaxBytes = 63;

bool IsLabel(std::string_view label) {
  if (label.empty() || label.size() > kLabelMaxBytes) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char letter) {
    return absl::ascii_isalnum(letter) || letter == '-' || letter == '_';
  });
}

bool IsBracketedIp6(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  const std::string_view inner = host.substr(1, host.size() - 2);
  return std::all_of(inner.begin(), inner.end(), [](char letter) {
    return absl::ascii_isxdigit(letter) || letter == ':' || letter == '.';
  });
}

}  // namespace

bool IsHost(std::string_view host) {
  if (host.empty() || host.size() > kHostMaxBytes) return false;
  if (IsBracketedIp6(host)) return true;
  for (const absl::string_view label : absl::StrSplit(ToAbsl(host), '.')) {
    if (!IsLabel(ToStd(label))) return false;
  }
  return true;
}

bool SplitHostPort(std::string_view text, std::string* host) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  uint32_t port = 0;
  const std::string_view digits = text.substr(colon + 1);
  if (digits.empty() || !absl::ascii_isdigit(digits.front()) ||
      !absl::SimpleAtoi(ToAbsl(digits), &port) || port == 0 || port > 65535) {
    return false;
  }
  if (!IsHost(text.substr(0, colon))) return false;
  *host = std::string(text.substr(0, colon));
  if (host->front() == '[') *host = host->substr(1, host->size() - 2);
  return true;
}

bool IsPlainUrl(std::string_view url) {
  const size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return false;
  const std::string_view scheme = url.substr(0, scheme_end);
  if (scheme != "http" && scheme != "https") return false;
  if (url.find_first_of("?#@ \"<>\\") != std::string_view::npos) return false;
  const std::string_view rest = url.substr(scheme_end + 3);
  const std::string_view authority = rest.substr(0, rest.find('/'));
  std::string host;
  return IsHost(authority) || SplitHostPort(authority, &host);
}

}  // namespace trama::config
