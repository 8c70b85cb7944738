#pragma once

#include <string>

#include "absl/status/status.h"
#include "services/channels/whatsapp/json_fields.h"
#include "trama/outbound/v1/outbound_events.pb.h"

// The content of a message as the vendor writes it.
namespace trama::whatsapp {

// image, video, audio, document or sticker: what the vendor calls a file of that type. Everything
// that WhatsApp does not show in a way of its own is a document, and so is what is too large for
// that way.
std::string MediaWordOf(const types::v1::Media& media);

// The limits of templates and interactive messages that are not a matter of capability: how many
// choices, how long their titles. INVALID_ARGUMENT names the limit and the value.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-list-messages
absl::Status CheckTemplate(const types::v1::Template& given);
absl::Status CheckInteractive(const types::v1::Interactive& given);

Json TemplateJson(const types::v1::Template& given, const std::string& media_id);
Json InteractiveJson(const types::v1::Interactive& given);

}  // namespace trama::whatsapp
