#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/channels/common/capability.h"
#include "services/channels/common/send_outcome.h"
#include "services/channels/sms/account.h"
#include "trama/outbound/v1/outbound_events.pb.h"

// The vendor's side of sending: Twilio's Messages resource, as data in and data out.
namespace trama::sms {

// What Twilio carries in SMS and MMS.
channels::ChannelCapability SmsCapability();

// A request to the vendor; the edge adds credentials and sends it.
struct VendorRequest {
  std::string method;
  std::string url;
  std::string content_type;
  std::string body;
};

// The text of the message: its text parts, one per line.
std::string TextOf(const outbound::v1::OutboundMessage& message);

// Where the vendor shall report what becomes of the message. The fragment asks it to come again
// when we do not answer; by default Twilio reports once.
std::string StatusCallbackUrl(const SmsAccountView& account,
                              const outbound::v1::OutboundMessage& message);

// The request that sends `message`; `media_urls` are addresses from which the vendor can fetch its
// files. An error is a Failure that needs no vendor to be certain.
struct BuiltSend {
  bool ok = false;
  VendorRequest request;
  int32_t segments = 0;  // Our count; the vendor's answer says its own.
  delivery::v1::Failure failure;
};
BuiltSend BuildSend(const SmsAccountView& account, const outbound::v1::OutboundMessage& message,
                    const std::vector<std::string>& media_urls);

// What a whole answer means (channel contracts 4, Outbound). `retry_after`: the header's wait, zero
// without. `segments`: our count, for answers without one.
channels::SendOutcome OutcomeOfAnswer(int http_status, std::string_view body,
                                      absl::Duration retry_after, int32_t segments);
// What no answer means: the request did not leave, or it may have.
channels::SendOutcome OutcomeOfSilence(bool request_left, std::string_view why);
// A refusal of ours, without a call.
channels::SendOutcome Refused(delivery::v1::Failure::Reason reason, std::string detail);

}  // namespace trama::sms
