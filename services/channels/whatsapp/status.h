#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/channels/whatsapp/account.h"
#include "services/channels/whatsapp/json_fields.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/outbound/v1/outbound_events.pb.h"

namespace trama::whatsapp {

// What each message carries as biz_opaque_callback_data, which the vendor gives back with every
// status: so that a receipt finds its owner without a store. At most 512 bytes, the vendor's limit.
std::string CallbackData(const outbound::v1::OutboundMessage& message);

// A status, read.
struct ParsedStatus {
  // None: about a message that another system, or another installation of ours, has sent
  // from the same telephone number.
  std::optional<delivery::v1::Delivery> delivery;
  int32_t partition = 0;  // Where it goes.
  std::string event_id;   // "<message id>/<status>": by it a redelivery is recognised.
};

// INVALID_ARGUMENT when it has no message id or a status that we do not know: kept whole in the
// dead letters.
absl::StatusOr<ParsedStatus> ParseStatus(const Json& item, const WhatsAppAccountView& account,
                                         absl::Time received_at);

}  // namespace trama::whatsapp
