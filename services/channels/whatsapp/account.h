#pragma once

#include <string>
#include <string_view>

namespace trama::whatsapp {

inline constexpr char kChannel[] = "whatsapp";
inline constexpr char kDefaultApiBaseUrl[] = "https://graph.facebook.com";
inline constexpr char kDefaultApiVersion[] = "v26.0";

// What the pure parts must know of a channel account.
struct WhatsAppAccountView {
  std::string workspace;
  std::string name;
  int32_t partition = 0;  // The workspace's number, which never changes.
  std::string phone_number_id;
  std::string portfolio;  // Within which the vendor's ids of users are unique.
  std::string api;        // "https://graph.facebook.com/v26.0", without '/' at the end.
};

// An id as the vendor writes them (phone_number_id, a media id): 1 to kIdBytesMax digits and
// letters.
inline constexpr size_t kIdBytesMax = 64;
bool IsId(std::string_view text);

// The id of a message ("wamid.…", base64 in it): 1 to kMessageIdBytesMax printable ASCII
// characters without spaces.
inline constexpr size_t kMessageIdBytesMax = 512;
bool IsMessageId(std::string_view text);

// A business-scoped user id: two letters of a country, '.', and up to 128 letters, digits and dots
// ("US.1349…", "US.ENT.…").
bool IsUserId(std::string_view text);

// A telephone number as the vendor writes it: 5 to 20 digits, no '+'.
bool IsWaId(std::string_view text);

}  // namespace trama::whatsapp
