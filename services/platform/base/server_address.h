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

// INVALID_ARGUMENT naming the text. Port 0 ("pick a free one") only with `allow_port_zero`.
absl::StatusOr<ServerAddress> ParseServerAddress(std::string_view text,
                                                 bool allow_port_zero = false);

// "a:1,b:2": at least one.
absl::StatusOr<std::vector<ServerAddress>> ParseServerAddresses(std::string_view text);

}  // namespace trama::platform
