#include "tools/loadgen/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace trama::loadgen {
namespace {

// Values below 2 048 us have a slot each; above, each doubling of the value has 1 024 slots.
constexpr int kHalfBits = 10;
constexpr uint64_t kHalf = uint64_t{1} << kHalfBits;
constexpr uint64_t kHighestUs = (uint64_t{1} << 32) - 1;  // 71 minutes.
constexpr size_t kSlots = (32 - kHalfBits + 1) * kHalf;

}  // namespace

LatencyHistogram::LatencyHistogram() : counts_(kSlots, 0) {}

size_t LatencyHistogram::SlotOf(uint64_t us) {
  const int shift = std::max(0, static_cast<int>(std::bit_width(us)) - kHalfBits - 1);
  return static_cast<size_t>(shift) * kHalf + (us >> shift);
}

uint64_t LatencyHistogram::HighestIn(size_t slot) {
  if (slot < 2 * kHalf) return slot;
  const size_t shift = slot / kHalf - 1;
  return (((slot - shift * kHalf) + 1) << shift) - 1;
}

void LatencyHistogram::Record(absl::Duration latency) {
  const int64_t us = std::clamp<int64_t>(absl::ToInt64Microseconds(latency), 0, kHighestUs);
  ++counts_[SlotOf(static_cast<uint64_t>(us))];
  ++count_;
  sum_us_ += us;
  max_us_ = std::max(max_us_, us);
}

void LatencyHistogram::Add(const LatencyHistogram& other) {
  for (size_t i = 0; i < kSlots; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_us_ += other.sum_us_;
  max_us_ = std::max(max_us_, other.max_us_);
}

absl::Duration LatencyHistogram::mean() const {
  return count_ == 0 ? absl::ZeroDuration() : absl::Microseconds(sum_us_) / count_;
}

absl::Duration LatencyHistogram::Quantile(double quantile) const {
  const auto wanted = static_cast<int64_t>(std::ceil(quantile * static_cast<double>(count_)));
  int64_t seen = 0;
  for (size_t slot = 0; slot < kSlots && count_ > 0; ++slot) {
    seen += counts_[slot];
    if (seen >= std::max<int64_t>(wanted, 1)) {
      return absl::Microseconds(std::min<int64_t>(static_cast<int64_t>(HighestIn(slot)), max_us_));
    }
  }
  return absl::ZeroDuration();
}

}  // namespace trama::loadgen
