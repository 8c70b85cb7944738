#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/base/tokens.h"
#include "services/platform/grpc/client.h"
#include "services/platform/grpc/tls.h"

namespace trama::platform {

struct PeersOptions {
  GrpcTls tls;
  // Must have the role `service`, or forwarded calls are refused. Must outlive the peers.
  const ServiceToken* token = nullptr;
  int32_t message_bytes_max = 16 << 20;
  // Replicas come and go: beyond so many addresses those that nobody uses are forgotten.
  size_t peers_max = 64;
};

// Channels to other replicas by address, made when first needed. Thread-safe.
class Peers {
 public:
  explicit Peers(PeersOptions options) : options_(std::move(options)) {}

  absl::StatusOr<std::shared_ptr<Peer>> At(const std::string& address);

 private:
  const PeersOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Peer>> peers_;
};

}  // namespace trama::platform
