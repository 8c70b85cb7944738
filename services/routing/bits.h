#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace trama::routing {

// A set of small numbers, below a size that is known only at run time.
class Bits {
 public:
  // Empty, for numbers below `size`.
  void Reset(size_t size) { words_.assign((size + 63) / 64, 0); }

  void Set(size_t number, bool on) {
    const uint64_t bit = uint64_t{1} << (number % 64);
    if (on) {
      words_[number / 64] |= bit;
    } else {
      words_[number / 64] &= ~bit;
    }
  }

  bool Has(size_t number) const {
    return number / 64 < words_.size() && (words_[number / 64] >> (number % 64) & 1) != 0;
  }

  // In rising order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (size_t i = 0; i < words_.size(); ++i) VisitWord(i, words_[i], visit);
  }

  // The numbers that both sets have, in rising order.
  template <typename Visit>
  static void ForEachCommon(const Bits& a, const Bits& b, Visit visit) {
    const size_t words = std::min(a.words_.size(), b.words_.size());
    for (size_t i = 0; i < words; ++i) VisitWord(i, a.words_[i] & b.words_[i], visit);
  }

  friend bool operator==(const Bits&, const Bits&) = default;

 private:
  template <typename Visit>
  static void VisitWord(size_t index, uint64_t word, Visit visit) {
    for (; word != 0; word &= word - 1) {
      visit(index * 64 + static_cast<size_t>(std::countr_zero(word)));
    }
  }

  std::vector<uint64_t> words_;
};

}  // namespace trama::routing
