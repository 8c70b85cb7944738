#include "services/reporting/kpi_rows.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "google/protobuf/util/time_util.h"

namespace trama::reporting {
namespace {

using google::protobuf::util::TimeUtil;

absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds());
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  return TimeUtil::SecondsToTimestamp(absl::ToUnixSeconds(time));
}

absl::Time HourStart(absl::Time moment, absl::TimeZone zone) {
  // By the offset in force, not by civil time: the hour that autumn repeats is two hours.
  const int offset = zone.At(moment).offset;
  const int64_t local = absl::ToUnixSeconds(moment) + offset;
  const int64_t into = ((local % 3600) + 3600) % 3600;
  return absl::FromUnixSeconds(local - into - offset);
}

bool Has(const v1::GetKpisRequest& request, v1::Dimension dimension) {
  return std::find(request.group_by().begin(), request.group_by().end(), dimension) !=
         request.group_by().end();
}

bool IsByChannelOrQueue(const v1::GetKpisRequest& request) {
  return Has(request, v1::DIMENSION_CHANNEL) || Has(request, v1::DIMENSION_QUEUE) ||
         !request.channel().empty() || !request.queue().empty();
}

bool Wanted(const v1::GetKpisRequest& request, const Range& range, const Group& group) {
  const absl::Time moment = absl::FromUnixSeconds(group.bucket);
  // The time of an agent belongs to no channel.
  if (group.channel.empty() && IsByChannelOrQueue(request)) return false;
  return group.workspace == request.workspace() && moment >= range.from && moment < range.to &&
         (request.channel().empty() || request.channel() == group.channel) &&
         (request.queue().empty() || request.queue() == group.queue) &&
         (request.agent_id().empty() || request.agent_id() == group.agent_id);
}

// What is summed in one row.
struct Sum {
  Counters counters;
  std::set<std::string> queues;
  bool can_abandon = false;
};

int64_t Get(const Counters& counters, const char* name) {
  const auto it = counters.find(name);
  return it == counters.end() ? 0 : it->second;
}

double Mean(const Counters& counters, const char* sum, const char* count) {
  return static_cast<double>(Get(counters, sum)) / static_cast<double>(Get(counters, count));
}

void FillCounts(const Counters& counters, v1::KpiRow& row) {
  row.set_offered(Get(counters, counter::kOffered));
  row.set_answered(Get(counters, counter::kAnswered));
  row.set_answered_in_threshold(Get(counters, counter::kAnsweredInThreshold));
  row.set_handled(Get(counters, counter::kHandled));
  row.set_first_responses(Get(counters, counter::kFirstResponses));
  row.set_messages_in(Get(counters, counter::kMessagesIn));
  row.set_messages_out(Get(counters, counter::kMessagesOut));
  row.set_opened(Get(counters, counter::kOpened));
  row.set_resolved(Get(counters, counter::kResolved));
  row.set_reopened(Get(counters, counter::kReopened));
  row.set_offers_declined(Get(counters, counter::kDeclined));
  row.set_offers_timed_out(Get(counters, counter::kTimedOut));
  row.set_sla_breached(Get(counters, counter::kSlaBreached));
  row.set_sla_fulfilled(Get(counters, counter::kSlaFulfilled));
  row.set_delivered(Get(counters, counter::kDelivered));
  row.set_delivery_failed(Get(counters, counter::kDeliveryFailed));
}

void FillMeans(const Counters& counters, v1::KpiRow& row) {
  if (row.answered() > 0) row.set_asa_ms(Mean(counters, counter::kWaitMs, counter::kAnswered));
  if (row.handled() > 0) row.set_aht_ms(Mean(counters, counter::kHandleMs, counter::kHandled));
  if (row.first_responses() > 0) {
    row.set_first_response_ms(Mean(counters, counter::kFirstResponseMs, counter::kFirstResponses));
  }
}

void FillAgentTime(const Counters& counters, v1::KpiRow& row) {
  v1::AgentTime& time = *row.mutable_agent_time();
  time.set_contact_ms(Get(counters, counter::kContactMs));
  time.set_idle_ms(Get(counters, counter::kIdleMs));
  time.set_available_ms(Get(counters, counter::kAvailableMs));
  time.set_busy_ms(Get(counters, counter::kBusyMs));
  time.set_away_ms(Get(counters, counter::kAwayMs));
  const int64_t denominator = time.contact_ms() + time.idle_ms();
  if (denominator > 0) {
    time.set_occupancy(static_cast<double>(time.contact_ms()) / static_cast<double>(denominator));
  }
}

// Queues with different parameters cannot share one level; the row then names none.
void FillServiceLevel(const std::string& workspace, const Sum& sum, const ServiceLevels& levels,
                      v1::KpiRow& row) {
  if (sum.queues.empty()) return;
  const v1::ServiceLevelParameters parameters = levels.Of(workspace, *sum.queues.begin());
  for (const std::string& queue : sum.queues) {
    if (levels.Of(workspace, queue).SerializeAsString() != parameters.SerializeAsString()) return;
  }
  *row.mutable_service_level_parameters() = parameters;
  const int64_t denominator =
      row.answered() + (parameters.includes_abandoned() ? row.abandoned() : 0);
  if (denominator == 0) return;
  row.set_service_level(static_cast<double>(row.answered_in_threshold()) /
                        static_cast<double>(denominator));
}

}  // namespace

bool CanAbandon(const std::string& channel) {
  return channel == "webchat" || channel == "voice" || channel == "video";
}

absl::StatusOr<Range> RangeOf(const v1::GetKpisRequest& request, absl::TimeZone zone,
                              absl::Time now) {
  Range range{absl::InfinitePast(), absl::InfiniteFuture(), zone};
  range.to = HourStart(request.has_to() ? ToTime(request.to()) : now, zone);
  if (!request.has_to() || range.to < ToTime(request.to())) range.to += absl::Hours(1);
  range.from =
      HourStart(request.has_from() ? ToTime(request.from()) : range.to - absl::Hours(24), zone);
  if (range.from >= range.to) {
    return absl::InvalidArgumentError("from must be before to");
  }
  if (range.to - range.from > kRangeMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("from and to may be at most ", absl::FormatDuration(kRangeMax), " apart"));
  }
  return range;
}

Range IntervalOf(const Range& range, v1::Interval interval, absl::Time moment) {
  if (interval == v1::INTERVAL_HOUR) {
    const absl::Time start = HourStart(moment, range.zone);
    return {start, start + absl::Hours(1), range.zone};
  }
  if (interval == v1::INTERVAL_DAY) {
    const absl::CivilDay day = absl::ToCivilDay(moment, range.zone);
    return {absl::FromCivil(day, range.zone), absl::FromCivil(day + 1, range.zone), range.zone};
  }
  return range;
}

absl::StatusOr<std::vector<v1::KpiRow>> Rows(const v1::GetKpisRequest& request, const Range& range,
                                             const CountersByGroup& counted,
                                             const ServiceLevels& levels) {
  using Key = std::tuple<int64_t, int64_t, std::string, std::string, std::string>;
  std::map<Key, Sum> sums;
  for (const auto& [group, counters] : counted) {
    if (!Wanted(request, range, group)) continue;
    const Range interval =
        IntervalOf(range, request.interval(), absl::FromUnixSeconds(group.bucket));
    Sum& sum = sums[{absl::ToUnixSeconds(interval.from), absl::ToUnixSeconds(interval.to),
                     Has(request, v1::DIMENSION_CHANNEL) ? group.channel : "",
                     Has(request, v1::DIMENSION_QUEUE) ? group.queue : "",
                     Has(request, v1::DIMENSION_AGENT) ? group.agent_id : ""}];
    for (const auto& [name, value] : counters) sum.counters[name] += value;
    if (Get(counters, counter::kOffered) + Get(counters, counter::kAnswered) > 0) {
      sum.queues.insert(group.queue);
    }
    sum.can_abandon = sum.can_abandon || CanAbandon(group.channel);
  }
  if (sums.size() > kRowsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("the answer would have ", sums.size(), " rows; the limit is ", kRowsMax,
                     ": ask for a shorter time, a longer interval or fewer groups"));
  }
  std::vector<v1::KpiRow> rows;
  for (const auto& [key, sum] : sums) {
    v1::KpiRow& row = rows.emplace_back();
    *row.mutable_interval_start() = ToProto(absl::FromUnixSeconds(std::get<0>(key)));
    *row.mutable_interval_end() = ToProto(absl::FromUnixSeconds(std::get<1>(key)));
    row.set_channel(std::get<2>(key));
    row.set_queue(std::get<3>(key));
    row.set_agent_id(std::get<4>(key));
    FillCounts(sum.counters, row);
    const int64_t left = Get(sum.counters, counter::kAbandoned);
    const int64_t left_soon = Get(sum.counters, counter::kShortAbandoned);
    if (sum.can_abandon || left + left_soon > 0) {
      row.set_abandoned(left);
      row.set_short_abandoned(left_soon);
    }
    FillMeans(sum.counters, row);
    if (!IsByChannelOrQueue(request)) FillAgentTime(sum.counters, row);
    FillServiceLevel(request.workspace(), sum, levels, row);
  }
  return rows;
}

}  // namespace trama::reporting
