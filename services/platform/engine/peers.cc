#include "services/platform/engine/peers.h"

namespace trama::platform {

absl::StatusOr<std::shared_ptr<Peer>> Peers::At(const std::string& address) {
  std::lock_guard lock(mutex_);
  if (const auto it = peers_.find(address); it != peers_.end()) return it->second;
  absl::StatusOr<std::shared_ptr<Peer>> peer =
      Peer::Make({.addresses = address,
                  .tls = options_.tls,
                  .token = options_.token,
                  .message_bytes_max = options_.message_bytes_max});
  if (!peer.ok()) return peer;
  if (peers_.size() >= options_.peers_max) {
    std::erase_if(peers_, [](const auto& entry) { return entry.second.use_count() == 1; });
  }
  peers_.emplace(address, *peer);
  return peer;
}

}  // namespace trama::platform
