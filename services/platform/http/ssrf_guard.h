#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "boost/asio/ip/address.hpp"
#include "services/platform/http/url.h"
#include "services/platform/net/connect.h"

namespace trama::platform {

// True for addresses of the public internet. False for everything that the IANA special-purpose
// registries reserve: private, loopback, link-local, shared (CGNAT), documentation, multicast,
// unspecified, and IPv6 forms that carry such an IPv4 address (mapped, compatible, 6to4, NAT64,
// Teredo).
bool IsPublicAddress(const boost::asio::ip::address& address);

struct SsrfGuardOptions {
  // Hosts that may be asked: "api.twilio.com", or "*.twilio.com" for every host below twilio.com.
  // Empty: every host with public addresses only.
  std::vector<std::string> allowed_hosts;
  // Hosts (exact names or addresses) whose addresses are not checked: a vendor's emulator or a
  // media server inside one's own network.
  std::vector<std::string> trusted_hosts;
  bool https_only = false;  // Does not bind trusted hosts.
};

// Keeps a server that fetches addresses given by strangers from being sent into its own network.
// Immutable, safe from any thread.
class SsrfGuard {
 public:
  explicit SsrfGuard(SsrfGuardOptions options);

  // Before a request and at every redirect: scheme and host. PERMISSION_DENIED names the host.
  absl::Status CheckUrl(const Url& url) const;
  // For each address that the host resolves to. PERMISSION_DENIED names the host.
  absl::Status CheckAddress(std::string_view host, const boost::asio::ip::address& address) const;
  // For HttpClientOptions::address_policy; holds a copy of the guard.
  AddressPolicy Policy() const;

 private:
  bool IsTrusted(std::string_view host) const;

  SsrfGuardOptions options_;
};

}  // namespace trama::platform
