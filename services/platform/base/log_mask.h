#pragma once

#include <string_view>

namespace trama::platform {

// Names this key something that must not stand in a log? True for the words of a fixed list and for
// keys that end with "_<word>".
bool IsDeniedLogKey(std::string_view key);

}  // namespace trama::platform
