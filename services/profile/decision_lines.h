#pragma once

#include <optional>
#include <string>

#include "trama/conversation/v1/conversation_events.pb.h"
#include "trama/sla/v1/sla_events.pb.h"

// Decisions in one line of words, for whoever reads a timeline. Made of ids, names of agents and
// queues, facts and reasons only: the events hold no personal data.
namespace trama::profile {

// None for events that stand on the timeline in another form (a message, a reply, a note, a
// delivery status, a consent) or are of no interest there.
std::optional<std::string> LineOf(const conversation::v1::ConversationEvent& event);

// None for an event that this release does not know.
std::optional<std::string> LineOf(const sla::v1::SlaEvent& event);

}  // namespace trama::profile
