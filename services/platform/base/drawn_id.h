#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace trama::platform {

// Fills `bytes` with a number that no other thread or process draws. Ids need to differ, not to be
// secret: this is not for tokens and keys.
void DrawId(uint8_t* bytes, size_t size);

template <size_t N>
std::array<uint8_t, N> DrawId() {
  std::array<uint8_t, N> id;
  DrawId(id.data(), N);
  return id;
}

}  // namespace trama::platform
