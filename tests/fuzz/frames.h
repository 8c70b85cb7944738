#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace trama::fuzz {

// The input as records: each its length in two bytes, the lower one first, and its bytes. The last
// one is as long as the input allows.
inline std::vector<std::string_view> Frames(std::string_view text) {
  constexpr size_t kFramesMax = 16;
  std::vector<std::string_view> frames;
  while (text.size() > 2 && frames.size() < kFramesMax) {
    const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
    const size_t length = byte(0) + size_t{256} * byte(1);
    text.remove_prefix(2);
    frames.push_back(text.substr(0, length));
    text.remove_prefix(std::min(length, text.size()));
  }
  return frames;
}

}  // namespace trama::fuzz
