#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/channels/sms/account.h"
#include "trama/interaction/v1/interaction_events.pb.h"

namespace trama::sms {

// At most so many files are taken from one message (Twilio sends at most ten).
inline constexpr int kMediaMax = 20;

// What an inbound message of Twilio says: the message, and beside it a KIND_CONSENT interaction
// when it refuses, allows or asks. Files stay with the vendor (vendor_url) until they are fetched.
//
// Parameters that we do not know change nothing: the raw original keeps them. What is odd is named
// in `anomalies`. INVALID_ARGUMENT only when nothing can be attributed: no message id, no sender.
absl::StatusOr<std::vector<interaction::v1::Interaction>> ParseMessage(
    const Params& params, const SmsAccountView& account, absl::Time received_at);

}  // namespace trama::sms
