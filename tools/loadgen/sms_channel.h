#pragma once

#include "tools/loadgen/channel.h"

namespace trama::loadgen {

// SMS by Twilio: customers' messages as webhooks signed with the account's token
// (https://www.twilio.com/docs/usage/webhooks/webhooks-security), and the part of Twilio's API that
// a sender needs: Messages.json, to send and to list. Facts: url, number, account_sid, auth_token,
// sink (host:port).
absl::StatusOr<std::unique_ptr<Channel>> MakeSmsChannel(const World& world,
                                                        const ChannelWorld& facts,
                                                        boost::asio::io_context& io,
                                                        const VendorSide& vendor);

}  // namespace trama::loadgen
