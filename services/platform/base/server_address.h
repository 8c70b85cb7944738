#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trama::platform {

// A host and a port as written in settings: "127.0.0.1:7010", "[::1]:7010", "kafka-0.kafka:9092".
struct ServerAddress {
  std::string host;  // Without brackets.
  uint16_t port = 0;

  bool is_ip() const;  // A literal, which needs no resolving.
  // With brackets around an IPv6 address.
  std::string ToString() const;
  friend bool operator==(const ServerAddress&, const ServerAddress&) = default;
};

// Letters, digits, '-' and '_' in labels with dots between, 253 bytes at most (RFC 1035, 2.3.4). No
// label is empty, the last one neither: a name that ends with the root's dot would slip through
// comparisons of names.
bool IsHostName(std::string_view host);

// INVALID_ARGUMENT naming the text. A name may end with the root's dot, as a resolver without a
// search list wants it. Port 0 ("pick a free one") only with `allow_port_zero`.
absl::StatusOr<ServerAddress> ParseServerAddress(std::string_view text,
                                                 bool allow_port_zero = false);

// "a:1,b:2": at least one.
absl::StatusOr<std::vector<ServerAddress>> ParseServerAddresses(std::string_view text);

}  // namespace trama::platform
