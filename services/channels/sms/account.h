#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/channels/sms/signature.h"

namespace trama::sms {

inline constexpr char kChannel[] = "sms";

// What the pure parts must know of a channel account.
struct SmsAccountView {
  std::string workspace;
  std::string name;
  int32_t partition = 0;             // The workspace's number, which never changes.
  std::string default_region;        // ISO 3166; may be empty.
  std::vector<std::string> numbers;  // E.164; the first one sends.
  std::string account_sid;
  std::string messaging_service_sid;  // Sends in place of a number when set.
  std::string public_base_url;        // Without '/' at the end.
  std::string api_base_url;           // Without '/' at the end.
};

inline constexpr char kDefaultApiBaseUrl[] = "https://api.twilio.com";

// The first value of that name; empty when there is none.
std::string_view Param(const Params& params, std::string_view name);
bool HasParam(const Params& params, std::string_view name);

// An id as the vendor writes them (SM…, MM…, ME…): 1 to kSidBytesMax letters, digits, '_' and '-'.
inline constexpr size_t kSidBytesMax = 64;
bool IsSid(std::string_view text);

// "%XX" for everything but letters, digits and "-._~".
std::string PercentEncode(std::string_view text);
// application/x-www-form-urlencoded with %20 for a space, which every reader understands.
std::string EncodeForm(const Params& fields);

}  // namespace trama::sms
