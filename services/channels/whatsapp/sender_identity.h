#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/channels/whatsapp/account.h"
#include "services/channels/whatsapp/json_fields.h"
#include "trama/interaction/v1/interaction_events.pb.h"

namespace trama::whatsapp {

// The scope of the vendor's ids of users: unique within one business portfolio only.
std::string UserScope(const WhatsAppAccountView& account);

// The identifier of a user by the vendor's id (BSUID).
types::v1::Identifier UserIdentifier(const WhatsAppAccountView& account,
                                     const std::string& user_id);

// Who a customer is: by the vendor's id of the user first, by telephone number where there is no
// such id; the other one stands in `also`, since the vendor vouches for both. `address` is what an
// answer goes to: the number as the vendor writes it (which may differ from E.164, as in Mexico and
// Brazil), otherwise the user id.
//
// INVALID_ARGUMENT when nothing names the customer.
absl::StatusOr<interaction::v1::Sender> MakeSender(const WhatsAppAccountView& account,
                                                   const std::string& user_id,
                                                   const std::string& wa_id, const Json& contact);

}  // namespace trama::whatsapp
