#pragma once

#include <optional>
#include <string>

#include "services/profile/owner.h"
#include "trama/conversation/v1/conversation_events.pb.h"
#include "trama/interaction/v1/interaction_events.pb.h"
#include "trama/outbound/v1/outbound_events.pb.h"
#include "trama/profile/v1/profile_events.pb.h"
#include "trama/sla/v1/sla_events.pb.h"

// What stands on a timeline for each kind of input.
namespace trama::profile {

// Texts of one entry. Longer ones are cut, so that an entry is never too long to be written; the
// raw original keeps all.
inline constexpr size_t kEntryTextBytesMax = 768 << 10;

// Does an interaction of this kind stand on the timeline itself?
bool HasEntry(interaction::v1::Kind kind);

v1::TimelineEntry EntryOf(const interaction::v1::Interaction& interaction, const Owner& owner);
v1::TimelineEntry EntryOf(const outbound::v1::OutboundMessage& message, const Owner& owner);
// `line` is what LineOf gave.
v1::TimelineEntry EntryOf(const conversation::v1::ConversationEvent& event, const Owner& owner,
                          const std::string& line);
v1::TimelineEntry EntryOf(const sla::v1::SlaEvent& event, const Owner& owner,
                          const std::string& line);

// The same at both ends of the link but for the identifier; `near` is the end it stands at.
v1::TimelineEntry EntryOf(const v1::LinkRow& link, const types::v1::Identifier& near);

// Puts a file that has been fetched, or could not be, in its place: part `index` of the message if
// that is given, else the part with the same vendor_url, else (bytes only) the first one that waits
// or the end. A part that has its bytes keeps them, so the same again changes nothing.
void ApplyMedia(const types::v1::Media& fetched, std::optional<int> index,
                v1::TimelineEntry& entry);

}  // namespace trama::profile
