#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/channels/common/capability.h"
#include "services/channels/common/send_outcome.h"
#include "services/channels/open/account.h"
#include "trama/outbound/v1/outbound_events.pb.h"

// The integrator's side of sending, as data in and data out.
namespace trama::open_channel {

// What the channel carries.
channels::ChannelCapability OpenCapability();

// Can `message` be sent by the account at all? INVALID_ARGUMENT says why the content is not
// carried, FAILED_PRECONDITION what the account lacks.
absl::Status CheckSend(const OpenAccountView& account,
                       const outbound::v1::OutboundMessage& message);

// The body of the request: the message as an event, see openapi.yaml. `file_urls` are addresses
// from which the integrator can fetch the files, in the order of the message's media parts.
std::string BuildBody(const OpenAccountView& account, const outbound::v1::OutboundMessage& message,
                      const std::vector<std::string>& file_urls);

// What a whole answer means. `retry_after`: the header's wait, zero without.
channels::SendOutcome OutcomeOfAnswer(int http_status, std::string_view body,
                                      absl::Duration retry_after, std::string_view message_id);
// What no answer means: the attempt is made again, the integrator drops repeats.
channels::SendOutcome OutcomeOfSilence(std::string_view why);
// A refusal of ours, without a call.
channels::SendOutcome Refused(delivery::v1::Failure::Reason reason, std::string_view detail);

}  // namespace trama::open_channel
