#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/platform/kafka/kafka_config.h"

namespace trama::platform {

struct OwnerDirectoryOptions {
  KafkaConfig kafka;
  std::string topic;    // trama.owners.v1
  std::string service;  // Only its owners are kept.
};

// Knows at which address each partition number of a service is answered for, by following
// trama.owners.v1. Any process may have one. Thread-safe.
class OwnerDirectory {
 public:
  static absl::StatusOr<std::unique_ptr<OwnerDirectory>> Start(OwnerDirectoryOptions options);
  virtual ~OwnerDirectory() = default;

  // "host:port"; empty when nobody is known, or the owner has left.
  virtual std::string AddressOf(int32_t partition) const = 0;

  // Everything that stood there at the start was read.
  virtual bool caught_up() const = 0;
};

}  // namespace trama::platform
