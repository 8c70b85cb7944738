#pragma once

#include <optional>

#include "absl/time/time.h"
#include "services/channels/open/account.h"
#include "services/channels/open/field_reader.h"
#include "trama/delivery/v1/delivery_events.pb.h"

namespace trama::open_channel {

// What a `status` event says about one of our messages: `message.id` and `conversation_id` as we
// have sent them, `status`, and `error` when it has failed. Mistakes go to `refusal`.
delivery::v1::Delivery ReadReceipt(const FieldReader& event, const OpenAccountView& account,
                                   absl::Time received_at, std::optional<Refusal>& refusal);

}  // namespace trama::open_channel
