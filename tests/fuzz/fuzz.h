#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "services/kernel/check.h"

// What every fuzz target of this folder is made of. A target holds a parser of outside bytes to
// what its header promises, beyond not crashing: what it accepts reads back, texts are UTF-8,
// chunking does not matter. A broken promise is a failed TRAMA_CHECK.
namespace trama::fuzz {

inline std::string_view Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The input in two at the first NUL byte; the second part is empty without one.
struct Halves {
  std::string_view first;
  std::string_view second;
};
inline Halves Split(std::string_view text) {
  const size_t at = text.find('\0');
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace trama::fuzz
