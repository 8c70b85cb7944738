#pragma once

#include "tools/loadgen/channel.h"

namespace trama::loadgen {

// E-mail: customers' mails by SMTP (RFC 5321) over kept connections, and a server for what Trama
// sends. Facts: address, sink (host:port).
absl::StatusOr<std::unique_ptr<Channel>> MakeEmailChannel(const World& world,
                                                          const ChannelWorld& facts,
                                                          boost::asio::io_context& io,
                                                          const VendorSide& vendor);

}  // namespace trama::loadgen
