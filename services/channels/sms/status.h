#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/channels/sms/account.h"
#include "trama/delivery/v1/delivery_events.pb.h"

namespace trama::sms {

// A status callback, read.
struct StatusCallback {
  // None: the status says nothing about delivery (the message of another system or another
  // installation of ours at the same account, or an inbound one).
  std::optional<delivery::v1::Delivery> delivery;
  int32_t partition = 0;  // Where it goes.
  std::string event_id;   // "<MessageSid>/<status>": by it a redelivery is recognised.
};

// The ids that our StatusCallback URL carries, so that a receipt finds its owner without a store.
struct CallbackIds {
  std::string message_id;
  std::string conversation_id;
  int32_t partition = 0;
};

// "m=…&c=…&p=…"
std::string CallbackQuery(const CallbackIds& ids);

// `query`: of the callback's URL; `params`: of its body. INVALID_ARGUMENT when it has no
// MessageSid, no status, or one that we do not know: kept whole in the dead letters.
absl::StatusOr<StatusCallback> ParseStatus(const Params& query, const Params& params,
                                           const SmsAccountView& account, absl::Time received_at);

}  // namespace trama::sms
