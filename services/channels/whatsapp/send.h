#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/channels/common/capability.h"
#include "services/channels/common/send_outcome.h"
#include "services/channels/whatsapp/account.h"
#include "trama/outbound/v1/outbound_events.pb.h"

// The vendor's side of sending: POST /<phone number id>/messages, as data in and data out.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
namespace trama::whatsapp {

// What WhatsApp carries.
channels::ChannelCapability WhatsAppCapability();

// The file that has to be uploaded before the message can be sent; null: none. Of a template it is
// the one in its header.
const types::v1::Media* FileOf(const outbound::v1::OutboundMessage& message);

// What can be known to fail without asking the vendor: nothing that the channel can carry, nobody
// to send it to, or, after `session_window_until`, anything but a template. None: it may be sent.
std::optional<delivery::v1::Failure> CheckSend(const outbound::v1::OutboundMessage& message,
                                               absl::Time now);

// A request to the vendor; the edge adds the access token and sends it.
struct VendorRequest {
  std::string method;
  std::string url;
  std::string content_type;
  std::string body;
};

// The request that sends `message`, for which CheckSend has found nothing. `media_id`: what the
// vendor called the uploaded file; empty when the message has none.
VendorRequest BuildSend(const WhatsAppAccountView& account,
                        const outbound::v1::OutboundMessage& message, const std::string& media_id);

// What a whole answer means (channel contracts 7, Outbound). `retry_after`: the header's wait, zero
// without.
channels::SendOutcome OutcomeOfAnswer(int http_status, std::string_view body,
                                      absl::Duration retry_after);
// What no answer means: the request did not leave, or it may have.
channels::SendOutcome OutcomeOfSilence(bool request_left, std::string_view why);
// A refusal of ours, without a call.
channels::SendOutcome Refused(delivery::v1::Failure failure);
channels::SendOutcome Refused(delivery::v1::Failure::Reason reason, std::string detail);

}  // namespace trama::whatsapp
