#include "tools/loadgen/arrivals.h"

#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"

namespace trama::loadgen {
namespace {

// Contacts by hour in a shop's day, as multiples of the mean: quiet at night, a peak before noon
// and a lower one in the late afternoon.
constexpr std::array<double, 24> kHours = {0.20, 0.12, 0.08, 0.08, 0.10, 0.20, 0.45, 0.90,
                                           1.55, 2.00, 2.15, 1.95, 1.50, 1.55, 1.70, 1.75,
                                           1.70, 1.55, 1.30, 1.05, 0.85, 0.60, 0.42, 0.25};
constexpr double kHoursMax = 2.15;
constexpr double kBurst = 10;
constexpr double kBurstPart = 0.1;

double UnitOf(uint64_t random) { return static_cast<double>(random >> 11) * 0x1.0p-53; }

}  // namespace

absl::StatusOr<Pattern> ParsePattern(std::string_view name) {
  if (name == "constant") return Pattern::kConstant;
  if (name == "day") return Pattern::kDay;
  if (name == "burst") return Pattern::kBurst;
  return absl::InvalidArgumentError(
      absl::StrCat("\"", ToAbsl(name), "\" is no pattern; there are constant, day and burst"));
}

Arrivals::Arrivals(Pattern pattern, double rate, absl::Duration run, uint64_t seed)
    : pattern_(pattern), rate_(rate), run_seconds_(absl::ToDoubleSeconds(run)), random_(seed) {}

std::optional<absl::Duration> Arrivals::Next() {
  // Thinning (Lewis and Shedler, 1979): candidates at the highest rate, of which some are kept.
  const double highest = pattern_ == Pattern::kConstant ? 1
                         : pattern_ == Pattern::kDay    ? kHoursMax
                                                        : Shape(0.5);
  while (at_seconds_ < run_seconds_) {
    at_seconds_ -= std::log1p(-UnitOf(random_())) / (rate_ * highest);
    const bool is_kept = UnitOf(random_()) * highest < Shape(at_seconds_ / run_seconds_);
    if (is_kept && at_seconds_ < run_seconds_) return absl::Seconds(at_seconds_);
  }
  return std::nullopt;
}

double Arrivals::Shape(double part) const {
  switch (pattern_) {
    case Pattern::kConstant:
      return 1;
    case Pattern::kDay:
      return kHours[static_cast<size_t>(part * kHours.size()) % kHours.size()];
    case Pattern::kBurst: {
      const bool is_burst = std::abs(part - 0.5) < kBurstPart / 2;
      return (is_burst ? kBurst : 1) / (1 + kBurstPart * (kBurst - 1));
    }
  }
  return 1;
}

}  // namespace trama::loadgen
