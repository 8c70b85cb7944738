#pragma once

#include <string>
#include <string_view>

#include "services/channels/whatsapp/json_fields.h"
#include "trama/interaction/v1/interaction_events.pb.h"

namespace trama::whatsapp {

inline constexpr size_t kFactMaxBytes = 512;

// A fact of the channel, if there is one; what is longer is cut, which is named in the anomalies.
void SetFact(interaction::v1::Interaction& message, const char* name, const std::string& value,
             size_t bytes_max = kFactMaxBytes);

// What a message of the vendor holds, by its type: https://developers.facebook.com/documentation/
// business-messaging/whatsapp/webhooks/reference/messages. Adds parts and facts to `message`; what
// is odd is named in its anomalies. False for a type that we do not know, and for one whose content
// is not there.
//
//   text, button, interactive (button_reply, list_reply, nfm_reply)  a text
//   image, video, audio, document, sticker      a file, still with the vendor, and its caption
//   location                                    a place
//   contacts, order                             a text, one line for each
bool ReadContent(const Json& item, std::string_view type, interaction::v1::Interaction& message);

// A file of the vendor's is named by its id: "whatsapp:media/<id>". An address is asked for when it
// is fetched, since it lives for minutes and the id for days.
std::string MediaReference(std::string_view media_id);
// Empty for what is no such name.
std::string_view MediaIdOf(std::string_view reference);

}  // namespace trama::whatsapp
