#pragma once

#include <set>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "services/channels/common/send_outcome.h"
#include "services/channels/sms/account.h"
#include "services/channels/sms/send.h"

// Did an attempt whose outcome is unknown reach the vendor? Twilio has no idempotency key, but it
// lists the messages to a number.
namespace trama::sms {

// Messages looked at; the vendor lists the newest first.
inline constexpr int kFindPageSize = 50;

VendorRequest BuildFind(const SmsAccountView& account,
                        const outbound::v1::OutboundMessage& message);

// Reads the list. kFound: a message with our text, to our recipient, made since the attempt began,
// whose id no other message of ours has. kNotFound: the list is an answer to our question, reaches
// back to before the attempt and has no message since that could be ours. kCannotTell: everything
// in between, for example a message with another text (senders may shorten links on the way), or a
// list of another size than asked for. kTryLater: 429 and 5xx.
channels::FindOutcome OutcomeOfFind(int http_status, std::string_view body,
                                    const outbound::v1::OutboundMessage& message,
                                    absl::Time attempt_started_at,
                                    const std::set<std::string>& taken);

}  // namespace trama::sms
