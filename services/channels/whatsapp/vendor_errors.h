#pragma once

#include <optional>

#include "absl/time/time.h"
#include "services/channels/whatsapp/json_fields.h"
#include "trama/delivery/v1/delivery_events.pb.h"

namespace trama::whatsapp {

// What a code of the Cloud API means for a message, in the closed list of deliveries. The detail is
// our own text: Meta's quotes telephone numbers.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
delivery::v1::Failure FailureOfCode(int code);

// The code in one of the vendor's errors; none when it has none, or one that no int can hold.
std::optional<int> CodeOf(const Json& error);

// May the same request succeed later?
bool IsRetryableCode(int code);
// Does the code alone prove that the message was not taken? 1 and 131000 only say that something
// went wrong; with an HTTP status of 5xx the message may be on its way.
bool IsCertainCode(int code);
// Does it bind every message of the account, not only this one?
bool IsAccountWideCode(int code);
// How long at least until the next attempt; zero: our own back-off.
absl::Duration WaitOfCode(int code);

// Outside the session window only templates are sent.
inline constexpr int kWindowClosedCode = 131047;

}  // namespace trama::whatsapp
