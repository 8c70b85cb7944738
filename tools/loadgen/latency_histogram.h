#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace trama::loadgen {

// Latencies in an HDR histogram (hdrhistogram.org): every value from one microsecond to over an
// hour is kept with three significant digits, in constant space, so that the tail is as exact as
// the middle and histograms can be added.
class LatencyHistogram {
 public:
  LatencyHistogram();

  // Negative ones count as zero, those beyond the range as its end.
  void Record(absl::Duration latency);
  void Add(const LatencyHistogram& other);

  int64_t count() const { return count_; }
  absl::Duration max() const { return absl::Microseconds(max_us_); }
  absl::Duration mean() const;
  // The value that `quantile` (0 to 1) of all values do not exceed; zero when there are none.
  absl::Duration Quantile(double quantile) const;

 private:
  static size_t SlotOf(uint64_t us);
  static uint64_t HighestIn(size_t slot);

  std::vector<uint32_t> counts_;
  int64_t count_ = 0;
  int64_t sum_us_ = 0;
  int64_t max_us_ = 0;
};

}  // namespace trama::loadgen
