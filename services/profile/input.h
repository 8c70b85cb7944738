#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "services/profile/owner.h"
#include "services/profile/row_set.h"
#include "trama/conversation/v1/conversation_events.pb.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/interaction/v1/interaction_events.pb.h"
#include "trama/outbound/v1/outbound_events.pb.h"
#include "trama/sla/v1/sla_events.pb.h"

// What profile reads, and what each input does to the rows. Folding the same input again changes
// nothing.
namespace trama::profile {

enum class InputKind { kInteraction, kOutbound, kDelivery, kConversation, kSla };

struct Input {
  std::string workspace;
  std::variant<interaction::v1::Interaction, outbound::v1::OutboundMessage, delivery::v1::Delivery,
               conversation::v1::ConversationEvent, sla::v1::SlaEvent>
      message;
};

// Decodes and checks a record's value. InvalidArgument names the field; it never quotes a value.
absl::StatusOr<Input> ReadInput(InputKind kind, std::string_view value);

// Inputs that say whose something is are to be folded before those that ask.
bool TellsOwner(const Input& input);

// The ids whose owner it helps to know.
std::vector<OwnedId> OwnersAsked(const Input& input);

// Where an input belongs.
struct Placement {
  Owner owner;
  // Of the message that a conversation event is about, whose entry learns its conversation.
  std::optional<Owner> message_owner;
  // Whose these ids are from now on. An id that has an owner keeps it.
  std::vector<std::pair<OwnedId, Owner>> told;
};

// None: `known` does not have what is needed yet. `identity_secret` is the workspace's.
std::optional<Placement> PlaceInput(const Input& input, std::string_view identity_secret,
                                    const Owners& known);

// The rows that Fold wants loaded.
std::vector<RowKey> RowsOf(const Input& input, const Placement& placement);

void Fold(const Input& input, const Placement& placement, RowSet& rows);

}  // namespace trama::profile
