#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/channels/whatsapp/json_fields.h"

// One POST of the vendor holds entries (business accounts), each with changes of one field, each
// with several messages or statuses, of one telephone number of ours:
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
namespace trama::whatsapp {

// One thing that a POST tells. The pointers are good as long as its envelope.
struct Event {
  enum class Kind {
    kMessage,     // A customer has written.
    kEcho,        // We have, with the vendor's own app.
    kStatus,      // What became of a message of ours.
    kPreference,  // A customer allows or refuses marketing messages.
    kError,       // The vendor could not do something; about no message.
    kUnknown,     // A whole change in which we know nothing; `item` is its value.
  };
  Kind kind = Kind::kUnknown;
  std::string field;            // "messages", ...
  std::string phone_number_id;  // Ours; empty when the vendor names none.
  const Json* item = nullptr;
  const Json* contact = nullptr;  // Of the customer; an empty object when there is none.
  // Where it stands, for CutOut.
  size_t entry = 0;
  size_t change = 0;
  const char* list = "";  // "messages"; empty for kUnknown.
  size_t index = 0;
};

struct Envelope {
  Json body;
  std::vector<Event> events;
  // Changes of fields that are about our accounts at the vendor (templates, quality, limits), not
  // about customers: nothing is made of them.
  std::vector<std::string> account_fields;
};

// INVALID_ARGUMENT when the body is no envelope of WhatsApp at all. Parts of it that have another
// shape than expected are left out; the raw original keeps them.
absl::StatusOr<Envelope> ReadEnvelope(std::string_view body);

// A body that holds these events of the envelope only, with what the vendor says of our account
// around them: as if he had sent them alone. What belongs to other customers, or may do so, is not
// in it.
std::string CutOut(const Envelope& envelope, const std::vector<const Event*>& events);

}  // namespace trama::whatsapp
