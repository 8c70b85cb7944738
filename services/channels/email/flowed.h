#pragma once

#include <string>
#include <string_view>

namespace trama::email {

// A text with format=flowed (RFC 3676) as its writer meant it: lines that flow are one. Quotes stay
// quotes. `del_sp`: the parameter DelSp=yes, for scripts without spaces.
std::string Unflowed(std::string_view text, bool del_sp);

}  // namespace trama::email
