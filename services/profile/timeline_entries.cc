#include "services/profile/timeline_entries.h"

#include "absl/strings/str_cat.h"
#include "services/kernel/resources/identifiers.h"
#include "services/kernel/strings.h"
#include "services/kernel/text.h"

namespace trama::profile {
namespace {

using interaction::v1::Consent;
using types::v1::Media;
using types::v1::Part;
using v1::TimelineEntry;

TimelineEntry Begin(const std::string& id, const types::v1::Identifier& identifier,
                    const google::protobuf::Timestamp& at, TimelineEntry::Kind kind) {
  TimelineEntry entry;
  entry.set_entry_id(id);
  entry.set_source_id(id);
  *entry.mutable_identifier() = identifier;
  *entry.mutable_at() = at;
  entry.set_kind(kind);
  return entry;
}

void CutTexts(TimelineEntry& entry) {
  size_t left = kEntryTextBytesMax;
  for (Part& part : *entry.mutable_parts()) {
    if (!part.has_text()) continue;
    std::string& body = *part.mutable_text()->mutable_body();
    if (body.size() > left) body = std::string(TruncateUtf8(body, left));
    left -= body.size();
  }
}

std::string ConsentLine(const Consent& consent, const std::string& channel) {
  const std::string& purpose = consent.purpose().empty() ? channel : consent.purpose();
  switch (consent.action()) {
    case Consent::ACTION_OPT_OUT:
      return absl::StrCat("opted out of ", purpose);
    case Consent::ACTION_OPT_IN:
      return absl::StrCat("opted in to ", purpose);
    case Consent::ACTION_HELP:
      return absl::StrCat("asked what ", purpose, " is about");
    default:
      return "";
  }
}

std::string InteractionLine(const interaction::v1::Interaction& interaction) {
  switch (interaction.kind()) {
    case interaction::v1::KIND_REACTION:
      return "reacted to an earlier message";
    case interaction::v1::KIND_EDIT:
      return "edited an earlier message";
    case interaction::v1::KIND_DELETE:
      return "deleted an earlier message";
    case interaction::v1::KIND_CALL:
      return "called";
    case interaction::v1::KIND_UNSUPPORTED:
      return "sent something that Trama does not know";
    case interaction::v1::KIND_CONSENT:
      return ConsentLine(interaction.consent(), interaction.channel());
    default:
      return "";
  }
}

bool HasBytes(const Part& part, const Media& fetched) {
  return part.has_media() && !fetched.blob().empty() && part.media().blob() == fetched.blob();
}

// Where a file belongs that does not say its index. Null: nowhere.
Part* PlaceOf(const Media& fetched, TimelineEntry& entry) {
  Part* first_waiting = nullptr;
  bool stands_there = false;
  for (Part& part : *entry.mutable_parts()) {
    if (!part.has_media()) continue;
    const Media& media = part.media();
    if (!fetched.vendor_url().empty() && media.vendor_url() == fetched.vendor_url()) return &part;
    if (HasBytes(part, fetched)) stands_there = true;
    const bool is_waiting = media.blob().empty() && media.fetch_error().empty();
    if (is_waiting && first_waiting == nullptr) first_waiting = &part;
  }
  // Which file could not be had? A repeat would say it of another one.
  if (stands_there || fetched.blob().empty()) return nullptr;
  return first_waiting != nullptr ? first_waiting : entry.add_parts();
}

Part* PlaceOf(const Media& fetched, std::optional<int> index, TimelineEntry& entry) {
  if (!index.has_value()) return PlaceOf(fetched, entry);
  if (*index < 0 || *index >= entry.parts_size()) return nullptr;
  Part& part = *entry.mutable_parts(*index);
  return part.has_media() ? &part : nullptr;
}

}  // namespace

bool HasEntry(interaction::v1::Kind kind) {
  switch (kind) {
    case interaction::v1::KIND_MEDIA:
    case interaction::v1::KIND_TYPING:
    case interaction::v1::KIND_READ:
      return false;
    default:
      return true;
  }
}

TimelineEntry EntryOf(const interaction::v1::Interaction& interaction, const Owner& owner) {
  const bool is_ours = interaction.direction() == interaction::v1::DIRECTION_OUTBOUND;
  TimelineEntry::Kind kind = is_ours ? TimelineEntry::KIND_OUTBOUND : TimelineEntry::KIND_INBOUND;
  if (interaction.kind() == interaction::v1::KIND_CONSENT) kind = TimelineEntry::KIND_CONSENT;
  TimelineEntry entry =
      Begin(interaction.interaction_id(), owner.identifier, interaction.received_at(), kind);
  entry.set_channel(interaction.channel());
  entry.set_channel_account(interaction.channel_account());
  if (!is_ours) entry.mutable_actor()->set_kind(types::v1::Actor::KIND_CUSTOMER);
  entry.set_subject(interaction.subject());
  *entry.mutable_parts() = interaction.parts();
  entry.set_raw_blob(interaction.raw_blob());
  entry.set_raw_original(interaction.raw_original());
  entry.set_raw_content_type(interaction.raw_content_type());
  entry.set_automatic(interaction.automatic());
  entry.set_summary(InteractionLine(interaction));
  CutTexts(entry);
  return entry;
}

TimelineEntry EntryOf(const outbound::v1::OutboundMessage& message, const Owner& owner) {
  const bool is_note = message.channel() == "note";
  TimelineEntry entry = Begin(message.message_id(), owner.identifier, message.created_at(),
                              is_note ? TimelineEntry::KIND_NOTE : TimelineEntry::KIND_OUTBOUND);
  entry.set_channel(message.channel());
  entry.set_channel_account(message.channel_account());
  entry.set_conversation_id(message.conversation_id());
  *entry.mutable_actor() = message.author();
  entry.set_subject(message.subject());
  *entry.mutable_parts() = message.parts();
  entry.set_automatic(message.automatic());
  CutTexts(entry);
  return entry;
}

TimelineEntry EntryOf(const conversation::v1::ConversationEvent& event, const Owner& owner,
                      const std::string& line) {
  TimelineEntry entry = Begin(event.event_id(), owner.identifier, event.occurred_at(),
                              TimelineEntry::KIND_CONVERSATION);
  entry.set_channel(event.channel());
  entry.set_channel_account(event.channel_account());
  entry.set_conversation_id(event.conversation_id());
  *entry.mutable_actor() = event.actor();
  entry.set_summary(line);
  return entry;
}

TimelineEntry EntryOf(const sla::v1::SlaEvent& event, const Owner& owner, const std::string& line) {
  TimelineEntry entry =
      Begin(event.event_id(), owner.identifier, event.occurred_at(), TimelineEntry::KIND_SLA);
  entry.set_channel(event.channel());
  entry.set_conversation_id(event.conversation_id());
  entry.mutable_actor()->set_kind(types::v1::Actor::KIND_SYSTEM);
  entry.set_summary(line);
  return entry;
}

TimelineEntry EntryOf(const v1::LinkRow& link, const types::v1::Identifier& near) {
  TimelineEntry entry = Begin(link.link_id(), near, link.linked_at(), TimelineEntry::KIND_LINK);
  *entry.mutable_actor() = link.actor();
  entry.set_summary(absl::StrCat("linked: the ", ToAbsl(KindWord(link.a().kind())), " and the ",
                                 ToAbsl(KindWord(link.b().kind())), " belong to one person"));
  return entry;
}

void ApplyMedia(const Media& fetched, std::optional<int> index, TimelineEntry& entry) {
  Part* part = PlaceOf(fetched, index, entry);
  if (part == nullptr || !part->media().blob().empty()) return;
  const Media before = part->media();
  if (fetched.blob().empty() && !before.fetch_error().empty()) return;
  Media& media = *part->mutable_media();
  media = fetched;
  // The address has done its work; where the bytes could not be had it says where they were.
  if (!media.blob().empty()) media.clear_vendor_url();
  if (media.file_name().empty()) media.set_file_name(before.file_name());
  if (media.content_type().empty()) media.set_content_type(before.content_type());
  if (media.content_id().empty()) media.set_content_id(before.content_id());
  if (before.is_inline()) media.set_is_inline(true);
}

}  // namespace trama::profile
