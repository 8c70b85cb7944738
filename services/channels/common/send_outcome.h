#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/outbound/v1/outbound_events.pb.h"

namespace trama::channels {

using OutboundPtr = std::shared_ptr<const outbound::v1::OutboundMessage>;

// What one attempt to send has come to (rules 9 and 10 of the channel contracts).
struct SendOutcome {
  enum class Kind {
    // The vendor has taken it: it answered so, and `vendor_message_id` is set if it has ids.
    kSent,
    // The vendor certainly did not take it and may do so later: no byte of the request left, 429,
    // an SMTP 4xx.
    kRetry,
    // The vendor may have it: bytes left and no clear answer came.
    kAmbiguous,
    // The vendor will never take it.
    kFailed,
  };
  Kind kind = Kind::kAmbiguous;
  std::string vendor_message_id;
  std::string vendor_status;      // The vendor's own word, e.g. "queued".
  int32_t segments = 0;           // Parts that the vendor bills; 0 when the channel has none.
  delivery::v1::Failure failure;  // Why; for all kinds but kSent.
  // With kRetry: not before this much later (Retry-After); zero: our own back-off.
  absl::Duration retry_after;
  // With kRetry: every message of the account waits, not only this one (429).
  bool account_wide = false;
};

// What the vendor says about an earlier attempt whose outcome is unknown.
struct FindOutcome {
  enum class Kind {
    kFound,       // It has the message: `sent` says which.
    kNotFound,    // It certainly has not.
    kCannotTell,  // It cannot be asked, or its answer proves nothing.
    kTryLater,    // It could not be reached.
  };
  Kind kind = Kind::kCannotTell;
  SendOutcome sent;  // With kFound.
};

// One attempt to send a message.
struct Attempt {
  int32_t number = 1;
  absl::Time started_at;    // As written in the ATTEMPTING record.
  std::string traceparent;  // Of the outbound record; for the call to the vendor.
};

}  // namespace trama::channels
