#include "services/platform/base/drawn_id.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace trama::platform {
namespace {

std::mt19937_64 Seeded() {
  // As many bits as the longest id: threads and processes must not meet.
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device(),
                     device(), device(), device(), device()};
  return std::mt19937_64(seed);
}

}  // namespace

void DrawId(uint8_t* bytes, size_t size) {
  thread_local std::mt19937_64 random = Seeded();
  for (size_t at = 0; at < size;) {
    const uint64_t bits = random();
    const size_t count = std::min(sizeof(bits), size - at);
    std::memcpy(bytes + at, &bits, count);
    at += count;
  }
}

}  // namespace trama::platform
