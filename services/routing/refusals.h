#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "services/routing/model.h"

// The typed refusals of RoutingService (see its proto for what they mean). Each says what was wrong
// and what to do.
namespace trama::routing {

absl::Status UnknownConversation(std::string_view id);
absl::Status UnknownAgent(std::string_view id);
absl::Status NotYours(const Conversation& conversation, std::string_view agent);
// `wanted`: what the command needs, for example "assigned to you".
absl::Status WrongState(const Conversation& conversation, std::string_view wanted);
absl::Status OptedOut(const Conversation& conversation);
// The channel's session window is over.
absl::Status NeedsTemplate(const Conversation& conversation);
absl::Status OfferRefusal(std::string_view reason, std::string_view message);
// The address is not known again yet after a takeover: safe to repeat.
absl::Status AddressPending(const Conversation& conversation);

}  // namespace trama::routing
