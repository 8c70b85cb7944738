#pragma once

#include <string>
#include <string_view>

namespace trama::whatsapp {

// A SHA-256 that the vendor states, as lower-case hex: webhooks say it in base64, the media
// endpoint in hex. Empty when it is neither.
std::string HexHash(std::string_view stated);

}  // namespace trama::whatsapp
