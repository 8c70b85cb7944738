#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "trama/interaction/v1/interaction_events.pb.h"
#include "trama/profile/v1/profile_service.pb.h"
#include "trama/routing/v1/work.pb.h"

// From an interaction to the work that the engine reads. Pure.
namespace trama::routing {

// What an interaction must have to be routed; the error names the field.
absl::Status CheckInteraction(const interaction::v1::Interaction& interaction);

// The work of one interaction. `resolution` null: profile did not answer, the facts are pending and
// the customer id is the one that the identifier has alone.
v1::Work MakeWork(const v1::Source& source, const interaction::v1::Interaction& interaction,
                  std::string_view identity_secret, const profile::v1::Resolution* resolution);

}  // namespace trama::routing
