#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// `open` alone would hide the C function of that name from everything below trama.
namespace trama::open_channel {

inline constexpr char kChannel[] = "open";
// Where files of our messages can be fetched, below public_base_url.
inline constexpr char kFilePath[] = "/open/files/";

// What the pure parts must know of a channel account.
struct OpenAccountView {
  std::string workspace;
  std::string name;
  std::string default_region;   // ISO 3166; may be empty.
  std::string callback_url;     // Empty: the account only takes in.
  std::string public_base_url;  // Without '/' at the end; may be empty.
};

// Where ids of the account's users are unique: "open/<account>".
std::string UserScope(std::string_view account);

// A name that an integrator gives to something: 1 to kIdBytesMax bytes without control characters.
inline constexpr size_t kIdBytesMax = 128;
bool IsExternalId(std::string_view text);

}  // namespace trama::open_channel
