#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/platform/kafka/record.h"
#include "services/reporting/kpi_rows.h"

// Quarter-hours that are over, for topic trama.reports.v1 (whose name the caller sets).
namespace trama::reporting {

// A bucket is published so long after its end, and again whenever a later fact moves it.
inline constexpr absl::Duration kGrace = absl::Minutes(1);

Range BucketRange(int64_t bucket);

// One record per channel, queue and agent of the bucket, and one per agent (without channel and
// queue) for his time.
absl::StatusOr<std::vector<platform::Record>> ClosedIntervalRecords(const std::string& workspace,
                                                                    const Range& bucket,
                                                                    const CountersByGroup& counted,
                                                                    const ServiceLevels& levels);

}  // namespace trama::reporting
