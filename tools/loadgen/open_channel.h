#pragma once

#include "tools/loadgen/channel.h"

namespace trama::loadgen {

// A channel that an integrator brings himself: his users' events, signed as
// services/channels/open/README.md says, and the callback that takes Trama's messages. Facts: path,
// account, secret, sink (host:port).
absl::StatusOr<std::unique_ptr<Channel>> MakeOpenChannel(const World& world,
                                                         const ChannelWorld& facts,
                                                         boost::asio::io_context& io,
                                                         const VendorSide& vendor);

}  // namespace trama::loadgen
