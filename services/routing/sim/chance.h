#pragma once

#include <cstddef>
#include <cstdint>

namespace trama::routing::sim {

// Numbers that follow from a seed alone, the same on every machine (SplitMix64).
class Chance {
 public:
  explicit Chance(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // 0 .. below - 1
  int Below(int below) { return static_cast<int>(Next() % static_cast<uint64_t>(below)); }
  bool Percent(int percent) { return Below(100) < percent; }

  template <typename List>
  const auto& One(const List& list) {
    return list[static_cast<size_t>(Below(static_cast<int>(list.size())))];
  }

 private:
  uint64_t state_;
};

}  // namespace trama::routing::sim
