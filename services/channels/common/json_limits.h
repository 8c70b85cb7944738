#pragma once

#include <string_view>

namespace trama::channels {

// Keys of one object of JSON that a stranger has written. Objects that keep the order of their keys
// look through all of them for each one that is added: a mebibyte of keys in one object would hold
// up the thread that reads it for tens of seconds.
inline constexpr int kJsonKeysMax = 1000;

enum class JsonExcess {
  kNone,
  kDepth,  // Nested deeper than asked for.
  kKeys,   // An object has more than kJsonKeysMax keys.
};

// Before anything is parsed: what would be too much of it? Looks at `text` once. What is no JSON
// may pass: the parser stops where it ceases to be some.
JsonExcess ExcessOf(std::string_view text, int depth_max);

}  // namespace trama::channels
