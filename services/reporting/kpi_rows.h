#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/reporting/kpi_fold.h"
#include "services/reporting/service_levels.h"
#include "trama/reporting/v1/reporting_service.pb.h"

// From counters to the figures that people read.
namespace trama::reporting {

// How far back one request may look.
inline constexpr absl::Duration kRangeMax = absl::Hours(24 * 366);
// Rows in one answer; a request for more is refused with what to do.
inline constexpr size_t kRowsMax = 10'000;

// Version of the definitions by which we count; raised when one of them changes.
inline constexpr int32_t kDefinitionsVersion = 1;

using Counters = std::map<std::string, int64_t>;
using CountersByGroup = std::map<Group, Counters>;

// A checked request: buckets [from, to).
struct Range {
  absl::Time from;
  absl::Time to;
  absl::TimeZone zone;
};

// Fills the defaults (the last 24 hours) and cuts to whole hours of the workspace's zone.
// InvalidArgument names the field.
absl::StatusOr<Range> RangeOf(const v1::GetKpisRequest& request, absl::TimeZone zone,
                              absl::Time now);

// The interval in which a moment lies: an hour or a day of the zone, or the whole range.
Range IntervalOf(const Range& range, v1::Interval interval, absl::Time moment);

// Sums the groups to what the request asks for, ordered by interval, channel, queue, agent.
absl::StatusOr<std::vector<v1::KpiRow>> Rows(const v1::GetKpisRequest& request, const Range& range,
                                             const CountersByGroup& counted,
                                             const ServiceLevels& levels);

// Channels that can tell that a customer has left the queue; the others show no abandonment.
bool CanAbandon(const std::string& channel);

}  // namespace trama::reporting
