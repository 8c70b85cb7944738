#pragma once

#include "tools/loadgen/channel.h"

namespace trama::loadgen {

// WhatsApp: customers' messages as webhooks signed with the app secret, from people who show a user
// id and no telephone number, and the part of the Cloud API that takes messages
// (https://developers.facebook.com/docs/whatsapp/cloud-api). Facts: path, phone_number_id,
// business_account_id, portfolio_id, app_secret, sink (host:port).
absl::StatusOr<std::unique_ptr<Channel>> MakeWhatsAppChannel(const World& world,
                                                             const ChannelWorld& facts,
                                                             boost::asio::io_context& io,
                                                             const VendorSide& vendor);

}  // namespace trama::loadgen
