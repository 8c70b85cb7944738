#include "services/channels/common/json_limits.h"

#include <cstddef>
#include <vector>

namespace trama::channels {

namespace {

// The place of the quote that ends the string which begins at `quote`; the end of the text if none.
size_t EndOfString(std::string_view text, size_t quote) {
  for (size_t i = quote + 1; i < text.size(); ++i) {
    if (text[i] == '"') return i;
    if (text[i] == '\\') ++i;
  }
  return text.size();
}

}  // namespace

JsonExcess ExcessOf(std::string_view text, int depth_max) {
  std::vector<int> keys;  // Of each object and array that is open.
  for (size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '"':
        i = EndOfString(text, i);
        break;
      case '{':
      case '[':
        if (keys.size() == static_cast<size_t>(depth_max)) return JsonExcess::kDepth;
        keys.push_back(0);
        break;
      case '}':
      case ']':
        if (keys.empty()) return JsonExcess::kNone;
        keys.pop_back();
        break;
      case ':':
        // Each key has one behind it.
        if (!keys.empty() && ++keys.back() > kJsonKeysMax) return JsonExcess::kKeys;
        break;
      default:
        break;
    }
  }
  return JsonExcess::kNone;
}

}  // namespace trama::channels
