#pragma once

#include <cstdint>

namespace trama {

// Writes a byte as two lower-case digits and gives the place after them: for texts that are there
// already. (absl::BytesToHexString makes one of its own.)
inline char* WriteHex(uint8_t byte, char* to) {
  constexpr char kDigits[] = "0123456789abcdef";
  *to++ = kDigits[byte >> 4];
  *to++ = kDigits[byte & 15];
  return to;
}

}  // namespace trama
