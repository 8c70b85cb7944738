#pragma once

#include <string>
#include <string_view>

#include "services/kernel/identifier.h"
#include "services/kernel/resources/identifiers.h"
#include "trama/interaction/v1/interaction_events.pb.h"
#include "trama/types/v1/types.pb.h"

// Ids and keys of what the channels write. They are contracts: a redelivery of the same event must
// give the same id, also after everything that we remember is lost.
namespace trama::channels {

// The id of one interaction. `vendor_event_id` is the vendor's name of the event (for an SMS the
// MessageSid); one event may give several interactions of different kinds.
std::string InteractionId(std::string_view channel, std::string_view workspace,
                          std::string_view account, std::string_view vendor_event_id,
                          interaction::v1::Kind kind);

// For several interactions of one kind from one event, such as the second picture of a message:
// `part` tells them apart.
std::string InteractionId(std::string_view channel, std::string_view workspace,
                          std::string_view account, std::string_view vendor_event_id,
                          interaction::v1::Kind kind, std::string_view part);

// The id of a receipt: a vendor's word about one of our messages, equal for its redelivery.
std::string ReceiptId(std::string_view channel, std::string_view workspace,
                      std::string_view account, std::string_view vendor_message_id,
                      std::string_view vendor_status);

// The Kafka key of an interaction: workspace and sender, so that what one sender does stays in
// order. Personal data; it stands on topics that may hold such only.
std::string InteractionKey(std::string_view workspace, const types::v1::Identifier& sender);

using trama::BlobOwnerKey;
using trama::ToProto;

}  // namespace trama::channels
