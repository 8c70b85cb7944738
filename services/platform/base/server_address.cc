#include "services/platform/base/server_address.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "boost/asio/ip/address.hpp"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

constexpr size_t kHostBytesMax = 253;  // Without the root's dot.

bool IsIp(const std::string& host) {
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  return !error;
}

absl::Status NotAnAddress(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", ToAbsl(text), "\" is not host:port: ", ToAbsl(why), ", for example 127.0.0.1:7010"));
}

}  // namespace

bool IsHostName(std::string_view host) {
  if (host.empty() || host.size() > kHostBytesMax) return false;
  if (host.front() == '.' || host.back() == '.') return false;
  if (host.find("..") != std::string_view::npos) return false;
  return std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_';
  });
}

bool ServerAddress::is_ip() const { return IsIp(host); }

std::string ServerAddress::ToString() const {
  if (host.find(':') != std::string::npos) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

absl::StatusOr<ServerAddress> ParseServerAddress(std::string_view text, bool allow_port_zero) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return NotAnAddress(text, "the port is missing");
  ServerAddress address;
  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    address.host = std::string(host.substr(1, host.size() - 2));
    if (!IsIp(address.host)) return NotAnAddress(text, "no IPv6 address stands in the brackets");
  } else {
    address.host = std::string(host);
    const std::string_view name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
    if (!IsHostName(name)) return NotAnAddress(text, "the host is missing or not a name");
  }
  uint32_t port = 0;
  const std::string_view digits = text.substr(colon + 1);
  const bool number = !digits.empty() && absl::ascii_isdigit(digits.front()) &&
                      absl::SimpleAtoi(ToAbsl(digits), &port);
  if (!number || port > 65535) return NotAnAddress(text, "the port must be from 1 to 65535");
  if (port == 0 && !allow_port_zero) return NotAnAddress(text, "the port must not be 0");
  address.port = static_cast<uint16_t>(port);
  return address;
}

absl::StatusOr<std::vector<ServerAddress>> ParseServerAddresses(std::string_view text) {
  std::vector<ServerAddress> addresses;
  for (absl::string_view item : absl::StrSplit(ToAbsl(text), ',')) {
    absl::StatusOr<ServerAddress> address =
        ParseServerAddress(ToStd(absl::StripAsciiWhitespace(item)));
    if (!address.ok()) return address.status();
    addresses.push_back(*std::move(address));
  }
  return addresses;
}

}  // namespace trama::platform
