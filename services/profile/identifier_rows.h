#pragma once

#include "services/profile/owner.h"
#include "trama/interaction/v1/interaction_events.pb.h"
#include "trama/outbound/v1/outbound_events.pb.h"
#include "trama/profile/v1/profile_events.pb.h"

// What is known of an identifier after a message. Taking the same message again changes nothing.
namespace trama::profile {

// The customer wrote. `before` is null for an identifier that is new.
v1::IdentifierRow AfterInteraction(const v1::IdentifierRow* before, const Owner& owner,
                                   const interaction::v1::Interaction& interaction);

// We wrote.
v1::IdentifierRow AfterOutbound(const v1::IdentifierRow* before, const Owner& owner,
                                const outbound::v1::OutboundMessage& message);

// Is `a` the stricter of two consents (trama.interaction.v1.Consent.Action as numbers)?
bool IsStricterConsent(int a, int b);

}  // namespace trama::profile
