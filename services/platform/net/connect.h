#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/ip/address.hpp"
#include "services/platform/net/stream.h"

namespace trama::platform {

// Says whether a connection to this address of `host` is allowed. Called for every address that the
// host resolves to, before any of them is used; one refusal refuses the host.
using AddressPolicy =
    std::function<absl::Status(const std::string& host, const boost::asio::ip::address& address)>;

struct ConnectTarget {
  std::string host;  // A DNS name, or an IP address without brackets.
  uint16_t port = 0;
  std::shared_ptr<TlsContext> tls;  // Null: plain.
  AddressPolicy policy;             // Empty: every address.
};

// Resolves (Lookups; an IP address needs none), connects (the addresses in turn, sharing the time)
// and starts TLS, all within `limit`. Must run on the strand that the Stream shall have.
// UNAVAILABLE or DEADLINE_EXCEEDED: nothing was sent; PERMISSION_DENIED: the policy's refusal.
// Addresses are checked after resolving and used as checked, so a name that changes in between (DNS
// rebinding) gains nothing.
Awaitable<absl::StatusOr<Stream>> Connect(ConnectTarget target, absl::Duration limit);

}  // namespace trama::platform
