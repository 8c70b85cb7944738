#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trama {

// How many letters must be inserted, removed, replaced or swapped with their neighbour to turn `a`
// into `b` (optimal string alignment). Compares bytes: meant for names of ours.
inline size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last;
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> current(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({replaced, last[j] + 1, current[j - 1] + 1});
      const bool swapped =
          i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && a[i - 1] != b[j - 1];
      if (swapped) current[j] = std::min(current[j], before_last[j - 2] + 1);
    }
    before_last = std::exchange(last, current);
  }
  return last[b.size()];
}

// The name that somebody who wrote `text` may have meant: the nearest of `names` when it differs in
// no more than a third of its letters, the first of several. Empty when none is near.
template <typename Names>
std::string ClosestName(std::string_view text, const Names& names) {
  constexpr size_t kLengthMax = 128;  // Longer texts are no slips of the finger.
  std::string closest;
  if (text.size() > kLengthMax) return closest;
  size_t distance_min = std::max<size_t>(1, text.size() / 3) + 1;
  for (const auto& name : names) {
    const std::string_view candidate(name);
    if (candidate.empty() || candidate.size() > kLengthMax) continue;
    const size_t distance = EditDistance(text, candidate);
    if (distance < distance_min) {
      distance_min = distance;
      closest = std::string(candidate);
    }
  }
  return closest;
}

// `; did you mean "billing"?`, or nothing: to be put behind an error about an unknown name.
template <typename Names>
std::string DidYouMean(std::string_view text, const Names& names) {
  const std::string closest = ClosestName(text, names);
  return closest.empty() ? "" : "; did you mean \"" + closest + "\"?";
}

}  // namespace trama
