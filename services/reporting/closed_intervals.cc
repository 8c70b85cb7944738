#include "services/reporting/closed_intervals.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/ids.h"
#include "services/platform/kafka/cloud_event.h"
#include "trama/reporting/v1/report_rows.pb.h"

namespace trama::reporting {
namespace {

absl::StatusOr<std::vector<v1::KpiRow>> AgentTimes(const std::string& workspace,
                                                   const Range& bucket,
                                                   const CountersByGroup& counted,
                                                   const ServiceLevels& levels) {
  CountersByGroup times;
  for (const auto& [group, counters] : counted) {
    if (group.channel.empty()) times.emplace(group, counters);
  }
  v1::GetKpisRequest request;
  request.set_workspace(workspace);
  request.set_interval(v1::INTERVAL_ALL);
  request.add_group_by(v1::DIMENSION_AGENT);
  return Rows(request, bucket, times, levels);
}

}  // namespace

Range BucketRange(int64_t bucket) {
  const absl::Time from = absl::FromUnixSeconds(bucket);
  return {from, from + absl::Seconds(kBucketSeconds), absl::UTCTimeZone()};
}

absl::StatusOr<std::vector<platform::Record>> ClosedIntervalRecords(const std::string& workspace,
                                                                    const Range& bucket,
                                                                    const CountersByGroup& counted,
                                                                    const ServiceLevels& levels) {
  v1::GetKpisRequest request;
  request.set_workspace(workspace);
  request.set_interval(v1::INTERVAL_ALL);
  request.add_group_by(v1::DIMENSION_CHANNEL);
  request.add_group_by(v1::DIMENSION_QUEUE);
  request.add_group_by(v1::DIMENSION_AGENT);
  absl::StatusOr<std::vector<v1::KpiRow>> rows = Rows(request, bucket, counted, levels);
  if (!rows.ok()) return rows.status();
  absl::StatusOr<std::vector<v1::KpiRow>> times = AgentTimes(workspace, bucket, counted, levels);
  if (!times.ok()) return times.status();
  rows->insert(rows->end(), times->begin(), times->end());

  std::vector<platform::Record> records;
  for (v1::KpiRow& row : *rows) {
    v1::ClosedInterval interval;
    interval.set_workspace(workspace);
    interval.set_definitions_version(kDefinitionsVersion);
    const std::string key = absl::StrCat(workspace, "/", absl::ToUnixSeconds(bucket.from), "/",
                                         row.channel(), "/", row.queue(), "/", row.agent_id());
    *interval.mutable_row() = std::move(row);
    platform::Record& record = records.emplace_back();
    record.key = key;
    record.value = interval.SerializeAsString();
    platform::EventAttributes attributes;
    // The same figures are the same event; changed ones another.
    attributes.id = DerivedId({key, *record.value});
    attributes.source = "/trama/reporting";
    attributes.type = interval.GetTypeName();
    attributes.time = bucket.to;
    attributes.subject = key;
    absl::StatusOr<std::vector<platform::Header>> headers = platform::EventHeaders(attributes);
    if (!headers.ok()) return headers.status();
    record.headers = *std::move(headers);
  }
  return records;
}

}  // namespace trama::reporting
