#include "services/profile/input.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/resources/identifiers.h"
#include "services/kernel/strings.h"
#include "services/profile/decision_lines.h"
#include "services/profile/delivery_state.h"
#include "services/profile/identifier_rows.h"
#include "services/profile/timeline_entries.h"

namespace trama::profile {
namespace {

using conversation::v1::ConversationEvent;
using delivery::v1::Delivery;
using interaction::v1::Interaction;
using outbound::v1::OutboundMessage;
using sla::v1::SlaEvent;

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

absl::Status CheckId(const char* field, const std::string& id) {
  if (IsEntityId(id)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " must be 1 to ", kEntityIdBytesMax,
                                                 " letters, digits, '-', '_' and '.'"));
}

absl::Status CheckOptionalId(const char* field, const std::string& id) {
  return id.empty() ? absl::OkStatus() : CheckId(field, id);
}

absl::Status CheckIdentifier(const char* field, const types::v1::Identifier& identifier) {
  const auto read = FromProto(identifier);
  if (read.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", ToAbsl(ToStd(read.status().message()))));
}

absl::Status Check(const Interaction& interaction) {
  absl::Status fine = CheckId("interaction_id", interaction.interaction_id());
  if (interaction.kind() == interaction::v1::KIND_MEDIA) {
    fine.Update(CheckId("amends_interaction_id", interaction.amends_interaction_id()));
  }
  fine.Update(CheckIdentifier("sender.identifier", interaction.sender().identifier()));
  return fine;
}

absl::Status Check(const OutboundMessage& message) {
  absl::Status fine = CheckId("message_id", message.message_id());
  fine.Update(CheckOptionalId("conversation_id", message.conversation_id()));
  fine.Update(CheckIdentifier("recipient", message.recipient()));
  return fine;
}

absl::Status Check(const Delivery& delivery) {
  return CheckId("message_id", delivery.message_id());
}

// The message that an event is about; empty for other events.
const std::string& MessageOf(const ConversationEvent& event) {
  static const std::string* const kNone = new std::string;
  switch (event.fact_case()) {
    case ConversationEvent::kOpened:
      return event.opened().interaction_id();
    case ConversationEvent::kMessageReceived:
      return event.message_received().interaction_id();
    case ConversationEvent::kReopened:
      return event.reopened().interaction_id();
    default:
      return *kNone;
  }
}

absl::Status Check(const ConversationEvent& event) {
  absl::Status fine = CheckId("event_id", event.event_id());
  fine.Update(CheckId("conversation_id", event.conversation_id()));
  fine.Update(CheckOptionalId("interaction_id", MessageOf(event)));
  return fine;
}

absl::Status Check(const SlaEvent& event) {
  absl::Status fine = CheckId("event_id", event.event_id());
  fine.Update(CheckId("conversation_id", event.conversation_id()));
  return fine;
}

template <typename Message>
absl::StatusOr<Input> Read(std::string_view value) {
  Message message;
  if (!message.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return absl::InvalidArgumentError(absl::StrCat("the value is not a ", message.GetTypeName()));
  }
  absl::Status fine = CheckId("workspace", message.workspace());
  fine.Update(Check(message));
  if (!fine.ok()) return fine;
  std::string workspace = message.workspace();
  return Input{std::move(workspace), std::move(message)};
}

Owner OwnerOf(const types::v1::Identifier& identifier, std::string_view identity_secret) {
  return {CustomerIdOf(identity_secret, identifier), identifier};
}

const Owner* Find(const Owners& known, const std::string& workspace, const std::string& id) {
  const auto it = known.find({workspace, id});
  return it == known.end() ? nullptr : &it->second;
}

std::optional<Placement> PlaceConversation(const std::string& workspace,
                                           const ConversationEvent& event, const Owners& known) {
  Placement placement;
  const std::string& message = MessageOf(event);
  if (!message.empty()) {
    const Owner* owner = Find(known, workspace, message);
    if (owner == nullptr) return std::nullopt;
    placement.message_owner = *owner;
  }
  if (const Owner* owner = Find(known, workspace, event.conversation_id())) {
    placement.owner = *owner;
    return placement;
  }
  // Only the first message says whose the conversation is: others may take part in it.
  if (!event.has_opened() || !placement.message_owner.has_value()) return std::nullopt;
  placement.owner = *placement.message_owner;
  placement.told.push_back({{workspace, event.conversation_id()}, placement.owner});
  return placement;
}

std::optional<Placement> PlaceKnown(const std::string& workspace, const std::string& id,
                                    const Owners& known) {
  const Owner* owner = Find(known, workspace, id);
  if (owner == nullptr) return std::nullopt;
  return Placement{*owner, std::nullopt, {}};
}

// Puts the entry unless it stands there: by now it may know more, its files or its conversation.
template <typename Message>
void PutOnce(const RowKey& key, const Message& message, const Owner& owner, RowSet& rows) {
  const v1::TimelineEntry* there = rows.Entry(key);
  const v1::TimelineEntry entry = there != nullptr ? *there : EntryOf(message, owner);
  rows.Put(key, entry);
}

// Which part of the amended message a file is, where the channel says it.
std::optional<int> PartIndexOf(const Interaction& interaction) {
  const auto it = interaction.channel_facts().find("part");
  int index = 0;
  if (it == interaction.channel_facts().end() || !absl::SimpleAtoi(it->second, &index)) {
    return std::nullopt;
  }
  return index;
}

void FoldMedia(const std::string& workspace, const Interaction& interaction, const Owner& owner,
               RowSet& rows) {
  const RowKey key = EntryKey(workspace, owner.customer_id, interaction.amends_interaction_id());
  const v1::TimelineEntry* amended = rows.Entry(key);
  if (amended == nullptr) {
    // The message itself could not be read: its files are shown without it.
    return PutOnce(EntryKey(workspace, owner.customer_id, interaction.interaction_id()),
                   interaction, owner, rows);
  }
  v1::TimelineEntry entry = *amended;
  for (const types::v1::Part& part : interaction.parts()) {
    if (part.has_media()) ApplyMedia(part.media(), PartIndexOf(interaction), entry);
  }
  rows.Put(key, entry);
}

void FoldInteraction(const std::string& workspace, const Interaction& interaction,
                     const Owner& owner, RowSet& rows) {
  if (interaction.kind() == interaction::v1::KIND_MEDIA) {
    return FoldMedia(workspace, interaction, owner, rows);
  }
  if (!HasEntry(interaction.kind())) return;
  const RowKey identifier = IdentifierKey(workspace, owner.customer_id);
  rows.Put(identifier, AfterInteraction(rows.Identifier(identifier), owner, interaction));
  PutOnce(EntryKey(workspace, owner.customer_id, interaction.interaction_id()), interaction, owner,
          rows);
}

void FoldOutbound(const std::string& workspace, const OutboundMessage& message, const Owner& owner,
                  RowSet& rows) {
  const RowKey identifier = IdentifierKey(workspace, owner.customer_id);
  rows.Put(identifier, AfterOutbound(rows.Identifier(identifier), owner, message));
  PutOnce(EntryKey(workspace, owner.customer_id, message.message_id()), message, owner, rows);
}

void FoldDelivery(const std::string& workspace, const Delivery& delivery, const Owner& owner,
                  RowSet& rows) {
  const RowKey key = EntryKey(workspace, owner.customer_id, delivery.message_id());
  const v1::TimelineEntry* there = rows.Entry(key);
  if (there == nullptr) return;
  v1::TimelineEntry entry = *there;
  ApplyDelivery(delivery, entry);
  rows.Put(key, entry);
}

void FoldConversation(const std::string& workspace, const ConversationEvent& event,
                      const Placement& placement, RowSet& rows) {
  if (placement.message_owner.has_value()) {
    const RowKey key = EntryKey(workspace, placement.message_owner->customer_id, MessageOf(event));
    if (const v1::TimelineEntry* message = rows.Entry(key)) {
      v1::TimelineEntry entry = *message;
      if (entry.conversation_id().empty()) entry.set_conversation_id(event.conversation_id());
      rows.Put(key, entry);
    }
  }
  if (const std::optional<std::string> line = LineOf(event)) {
    rows.Put(EntryKey(workspace, placement.owner.customer_id, event.event_id()),
             EntryOf(event, placement.owner, *line));
  }
}

}  // namespace

absl::StatusOr<Input> ReadInput(InputKind kind, std::string_view value) {
  switch (kind) {
    case InputKind::kInteraction:
      return Read<Interaction>(value);
    case InputKind::kOutbound:
      return Read<OutboundMessage>(value);
    case InputKind::kDelivery:
      return Read<Delivery>(value);
    case InputKind::kConversation:
      return Read<ConversationEvent>(value);
    case InputKind::kSla:
      return Read<SlaEvent>(value);
  }
  return absl::InternalError("an input of no kind");
}

bool TellsOwner(const Input& input) {
  return std::holds_alternative<Interaction>(input.message) ||
         std::holds_alternative<OutboundMessage>(input.message);
}

std::vector<OwnedId> OwnersAsked(const Input& input) {
  const std::string& workspace = input.workspace;
  return std::visit(Overloaded{
                        [&](const Interaction&) { return std::vector<OwnedId>{}; },
                        [&](const OutboundMessage& message) {
                          return std::vector<OwnedId>{{workspace, message.conversation_id()}};
                        },
                        [&](const Delivery& delivery) {
                          return std::vector<OwnedId>{{workspace, delivery.message_id()}};
                        },
                        [&](const ConversationEvent& event) {
                          std::vector<OwnedId> asked = {{workspace, event.conversation_id()}};
                          if (!MessageOf(event).empty())
                            asked.push_back({workspace, MessageOf(event)});
                          return asked;
                        },
                        [&](const SlaEvent& event) {
                          return std::vector<OwnedId>{{workspace, event.conversation_id()}};
                        },
                    },
                    input.message);
}

std::optional<Placement> PlaceInput(const Input& input, std::string_view identity_secret,
                                    const Owners& known) {
  const std::string& workspace = input.workspace;
  return std::visit(
      Overloaded{
          [&](const Interaction& interaction) -> std::optional<Placement> {
            Placement placement;
            placement.owner = OwnerOf(interaction.sender().identifier(), identity_secret);
            placement.told = {{{workspace, interaction.interaction_id()}, placement.owner}};
            return placement;
          },
          [&](const OutboundMessage& message) -> std::optional<Placement> {
            Placement placement;
            placement.owner = OwnerOf(message.recipient(), identity_secret);
            placement.told = {{{workspace, message.message_id()}, placement.owner}};
            const std::string& conversation = message.conversation_id();
            if (!conversation.empty() && Find(known, workspace, conversation) == nullptr) {
              placement.told.push_back({{workspace, conversation}, placement.owner});
            }
            return placement;
          },
          [&](const Delivery& delivery) {
            return PlaceKnown(workspace, delivery.message_id(), known);
          },
          [&](const ConversationEvent& event) {
            return PlaceConversation(workspace, event, known);
          },
          [&](const SlaEvent& event) {
            return PlaceKnown(workspace, event.conversation_id(), known);
          },
      },
      input.message);
}

std::vector<RowKey> RowsOf(const Input& input, const Placement& placement) {
  const std::string& workspace = input.workspace;
  const std::string& owner = placement.owner.customer_id;
  return std::visit(Overloaded{
                        [&](const Interaction& interaction) -> std::vector<RowKey> {
                          if (interaction.kind() == interaction::v1::KIND_MEDIA) {
                            return {EntryKey(workspace, owner, interaction.amends_interaction_id()),
                                    EntryKey(workspace, owner, interaction.interaction_id())};
                          }
                          return {IdentifierKey(workspace, owner),
                                  EntryKey(workspace, owner, interaction.interaction_id())};
                        },
                        [&](const OutboundMessage& message) -> std::vector<RowKey> {
                          return {IdentifierKey(workspace, owner),
                                  EntryKey(workspace, owner, message.message_id())};
                        },
                        [&](const Delivery& delivery) -> std::vector<RowKey> {
                          return {EntryKey(workspace, owner, delivery.message_id())};
                        },
                        [&](const ConversationEvent& event) -> std::vector<RowKey> {
                          std::vector<RowKey> keys = {EntryKey(workspace, owner, event.event_id())};
                          if (placement.message_owner.has_value()) {
                            keys.push_back(EntryKey(workspace, placement.message_owner->customer_id,
                                                    MessageOf(event)));
                          }
                          return keys;
                        },
                        [&](const SlaEvent& event) -> std::vector<RowKey> {
                          return {EntryKey(workspace, owner, event.event_id())};
                        },
                    },
                    input.message);
}

void Fold(const Input& input, const Placement& placement, RowSet& rows) {
  const std::string& workspace = input.workspace;
  const Owner& owner = placement.owner;
  std::visit(
      Overloaded{
          [&](const Interaction& interaction) {
            FoldInteraction(workspace, interaction, owner, rows);
          },
          [&](const OutboundMessage& message) { FoldOutbound(workspace, message, owner, rows); },
          [&](const Delivery& delivery) { FoldDelivery(workspace, delivery, owner, rows); },
          [&](const ConversationEvent& event) {
            FoldConversation(workspace, event, placement, rows);
          },
          [&](const SlaEvent& event) {
            const std::optional<std::string> line = LineOf(event);
            if (!line.has_value()) return;
            rows.Put(EntryKey(workspace, owner.customer_id, event.event_id()),
                     EntryOf(event, owner, *line));
          },
      },
      input.message);
}

}  // namespace trama::profile
