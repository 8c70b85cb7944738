#include "services/platform/http/ssrf_guard.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/ip/address_v4.hpp"
#include "boost/asio/ip/address_v6.hpp"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

struct RangeV4 {
  uint32_t start;
  int prefix_bits;
};

constexpr uint32_t V4(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// IANA IPv4 Special-Purpose Address Registry, those not globally reachable, and multicast.
constexpr std::array<RangeV4, 15> kReservedV4 = {{
    {V4(0, 0, 0, 0), 8},        // This network.
    {V4(10, 0, 0, 0), 8},       // Private (RFC 1918).
    {V4(100, 64, 0, 0), 10},    // Shared: carrier-grade NAT (RFC 6598).
    {V4(127, 0, 0, 0), 8},      // Loopback.
    {V4(169, 254, 0, 0), 16},   // Link-local, also the metadata services of clouds.
    {V4(172, 16, 0, 0), 12},    // Private.
    {V4(192, 0, 0, 0), 24},     // IETF protocol assignments.
    {V4(192, 0, 2, 0), 24},     // Documentation.
    {V4(192, 88, 99, 0), 24},   // 6to4 relays.
    {V4(192, 168, 0, 0), 16},   // Private.
    {V4(198, 18, 0, 0), 15},    // Benchmarking.
    {V4(198, 51, 100, 0), 24},  // Documentation.
    {V4(203, 0, 113, 0), 24},   // Documentation.
    {V4(224, 0, 0, 0), 4},      // Multicast.
    {V4(240, 0, 0, 0), 4},      // Reserved, and broadcast.
}};

struct RangeV6 {
  std::array<uint8_t, 4> start;  // The registry needs no more than 32 bits below 2000::/3.
  int prefix_bits;
};

// IANA IPv6 Special-Purpose Address Registry, inside the global unicast block 2000::/3.
constexpr std::array<RangeV6, 4> kReservedV6 = {{
    {{0x20, 0x01, 0x00, 0x00}, 23},  // Protocol assignments: Teredo, ORCHID, benchmarking, ...
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // Documentation.
    {{0x20, 0x02, 0x00, 0x00}, 16},  // 6to4: carries an IPv4 address.
    {{0x3f, 0xff, 0x00, 0x00}, 20},  // Documentation.
}};

uint32_t Mask(int prefix_bits) { return ~uint32_t{0} << (32 - prefix_bits); }

bool IsPublicV4(const address_v4& v4) {
  const uint32_t bits = v4.to_uint();
  return std::none_of(kReservedV4.begin(), kReservedV4.end(), [bits](const RangeV4& range) {
    return (bits & Mask(range.prefix_bits)) == range.start;
  });
}

// Only 2000::/3 is given out to the internet. Everything else is local, multicast, reserved, or a
// coat around an IPv4 address (::ffff:0:0/96, ::/96, 64:ff9b::/96).
bool IsPublicV6(const address_v6& v6) {
  const address_v6::bytes_type bytes = v6.to_bytes();
  const uint32_t bits = V4(bytes[0], bytes[1], bytes[2], bytes[3]);
  if ((bits & Mask(3)) != V4(0x20, 0, 0, 0)) return false;
  return std::none_of(kReservedV6.begin(), kReservedV6.end(), [bits](const RangeV6& range) {
    const auto& s = range.start;
    return (bits & Mask(range.prefix_bits)) == V4(s[0], s[1], s[2], s[3]);
  });
}

bool MatchesHost(std::string_view pattern, std::string_view host) {
  if (pattern.substr(0, 2) != "*.") return pattern == host;
  const std::string_view suffix = pattern.substr(1);  // ".twilio.com"
  return host.size() > suffix.size() && host.substr(host.size() - suffix.size()) == suffix;
}

}  // namespace

bool IsPublicAddress(const address& candidate) {
  return candidate.is_v4() ? IsPublicV4(candidate.to_v4()) : IsPublicV6(candidate.to_v6());
}

SsrfGuard::SsrfGuard(SsrfGuardOptions options) : options_(std::move(options)) {
  for (std::string& host : options_.allowed_hosts) absl::AsciiStrToLower(&host);
  for (std::string& host : options_.trusted_hosts) absl::AsciiStrToLower(&host);
}

bool SsrfGuard::IsTrusted(std::string_view host) const {
  return std::find(options_.trusted_hosts.begin(), options_.trusted_hosts.end(), host) !=
         options_.trusted_hosts.end();
}

absl::Status SsrfGuard::CheckUrl(const Url& url) const {
  if (IsTrusted(url.host)) return absl::OkStatus();
  if (options_.https_only && url.scheme != "https") {
    return absl::PermissionDeniedError(
        absl::StrCat("host ", url.host, " may be asked over https only"));
  }
  const auto& allowed = options_.allowed_hosts;
  const bool listed = std::any_of(allowed.begin(), allowed.end(), [&](const std::string& pattern) {
    return MatchesHost(pattern, url.host);
  });
  if (!allowed.empty() && !listed) {
    return absl::PermissionDeniedError(
        absl::StrCat("host ", url.host, " is not among the allowed hosts"));
  }
  return absl::OkStatus();
}

absl::Status SsrfGuard::CheckAddress(std::string_view host, const address& candidate) const {
  if (IsTrusted(host) || IsPublicAddress(candidate)) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat("host ", ToAbsl(host), " has the address ",
                                                  candidate.to_string(),
                                                  ", which is not one of the public internet"));
}

AddressPolicy SsrfGuard::Policy() const {
  return [guard = *this](const std::string& host, const address& candidate) {
    return guard.CheckAddress(host, candidate);
  };
}

}  // namespace trama::platform
