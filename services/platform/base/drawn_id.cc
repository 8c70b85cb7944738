#include "services/platform/base/drawn_id.h"

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
    uint64_t bits = random();
    for (size_t i = 0; i < sizeof(bits) && at < size; ++i, bits >>= 8) {
      bytes[at++] = static_cast<uint8_t>(bits);
    }
  }
}

}  // namespace trama::platform
