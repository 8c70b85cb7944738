#pragma once

#include <cstdint>
#include <string_view>

// Numbers that stand for keys where the keys themselves would take too much memory. They are the
// same in every process and build, so their order may reach an effect. Different keys may have the
// same number: whoever looks something up by it compares the key, too.
namespace trama {

// Of a key without parts.
constexpr uint64_t TextHash(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a,
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;  // and every bit of it counts everywhere.
  return hash ^ hash >> 32;
}

inline constexpr int kKeyHashGroupBits = 16;

// The first bits of the numbers of all keys "<group>/...".
constexpr uint64_t KeyHashGroup(std::string_view group) {
  return TextHash(group) >> (64 - kKeyHashGroupBits) << (64 - kKeyHashGroupBits);
}

// Of a row's key. Keys with the same part before their first slash, so the rows of one workspace,
// have numbers that lie together.
constexpr uint64_t KeyHash(std::string_view key) {
  const uint64_t hash = TextHash(key);
  const size_t slash = key.find('/');
  if (slash == std::string_view::npos) return hash;
  return KeyHashGroup(key.substr(0, slash)) | hash >> kKeyHashGroupBits;
}

}  // namespace trama
