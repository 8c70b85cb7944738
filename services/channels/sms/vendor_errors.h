#pragma once

#include <string_view>

#include "trama/delivery/v1/delivery_events.pb.h"

namespace trama::sms {

// What a code of Twilio (https://www.twilio.com/docs/api/errors) means for a message, in the closed
// list of deliveries. The detail is our own text: Twilio's quotes telephone numbers.
delivery::v1::Failure FailureOfCode(int code);

// May the same request succeed later, although it was refused for certain?
bool IsRetryableCode(int code);

inline constexpr int kOptedOutCode = 21610;
inline constexpr int kTooManyRequestsCode = 20429;

}  // namespace trama::sms
