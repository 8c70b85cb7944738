#pragma once

#include <optional>

#include "services/channels/open/account.h"
#include "services/channels/open/field_reader.h"
#include "trama/interaction/v1/interaction_events.pb.h"

namespace trama::open_channel {

// Fills the sender of `said` from the event's `user`: his opaque id within the account, and the
// e-mail address and telephone number that the integrator vouches for as further identifiers. Those
// that nobody has verified are facts (unverified_email, unverified_phone) and identify nobody.
void ReadUser(const FieldReader& event, const OpenAccountView& account,
              std::optional<Refusal>& refusal, interaction::v1::Interaction& said);

}  // namespace trama::open_channel
