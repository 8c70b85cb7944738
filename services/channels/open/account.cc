#include "services/channels/open/account.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"

namespace trama::open_channel {

std::string UserScope(std::string_view account) {
  return absl::StrCat(kChannel, "/", ToAbsl(account));
}

bool IsExternalId(std::string_view text) {
  return !text.empty() && text.size() <= kIdBytesMax &&
         std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return absl::ascii_iscntrl(c); });
}

}  // namespace trama::open_channel
