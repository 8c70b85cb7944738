#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trama::loadgen {

enum class Pattern {
  kConstant,  // The same rate throughout.
  kDay,       // A day with its night and its two peaks, pressed into the run.
  kBurst,     // Ten times the rate in the middle tenth of the run.
};
// "constant", "day", "burst".
absl::StatusOr<Pattern> ParsePattern(std::string_view name);

// When customers write: a Poisson process, as people who do not know of each other make one, whose
// rate follows the pattern. Equal arguments give equal times.
class Arrivals {
 public:
  // `rate` is the mean over the whole run, per second, more than 0.
  Arrivals(Pattern pattern, double rate, absl::Duration run, uint64_t seed);

  // The next one's time since the begin of the run; none when the run is over.
  std::optional<absl::Duration> Next();

 private:
  // The rate at `part` (0 to 1) of the run, as a multiple of the mean.
  double Shape(double part) const;

  const Pattern pattern_;
  const double rate_;
  const double run_seconds_;
  std::mt19937_64 random_;
  double at_seconds_ = 0;
};

}  // namespace trama::loadgen
