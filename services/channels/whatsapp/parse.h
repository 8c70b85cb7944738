#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/channels/whatsapp/account.h"
#include "services/channels/whatsapp/envelope.h"
#include "trama/interaction/v1/interaction_events.pb.h"

namespace trama::whatsapp {

// After a customer's message we may answer freely so long; longer when he came by an advertisement
// that leads to WhatsApp.
inline constexpr absl::Duration kSessionWindow = absl::Hours(24);
inline constexpr absl::Duration kAdvertisementWindow = absl::Hours(72);

struct ParsedEvent {
  interaction::v1::Interaction interaction;
  std::string event_id;  // By it a redelivery is recognised.
};

// What an event of kind kMessage, kEcho or kPreference says:
//
//   a message of a type that we know       KIND_MESSAGE
//   reaction                               KIND_REACTION; without a text when it was taken back
//   edit, revoke                           KIND_EDIT, KIND_DELETE of the customer's own message
//   system (a number or user id changed)   KIND_MESSAGE, automatic; the former id stands in `also`
//   a preference about marketing           KIND_CONSENT with purpose "marketing"
//   everything else                        KIND_UNSUPPORTED with the type as a fact
//
// Fields that we do not know change nothing: the raw original keeps them. INVALID_ARGUMENT only
// when nothing can be attributed: no message id, no sender.
absl::StatusOr<ParsedEvent> ParseEvent(const Event& event, const WhatsAppAccountView& account,
                                       absl::Time received_at);

}  // namespace trama::whatsapp
