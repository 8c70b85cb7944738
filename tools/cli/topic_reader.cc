#include "tools/cli/topic_reader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/kernel/strings.h"
#include "services/kernel/suggestion.h"

namespace trama::tramactl {
namespace {

using platform::Consumer;
using platform::Record;
using platform::TopicPartition;
using platform::TopicPartitionOffset;

constexpr size_t kRecordsPerPoll = 1000;
constexpr absl::Duration kPollWait = absl::Seconds(1);

absl::StatusOr<std::vector<int32_t>> PartitionsOf(const platform::KafkaConfig& kafka,
                                                  const TopicRange& range, absl::Duration timeout) {
  auto admin = platform::Admin::Create(kafka);
  if (!admin.ok()) return admin.status();
  const auto counts = (*admin)->PartitionCounts(timeout);
  if (!counts.ok()) return counts.status();
  const auto topic = counts->find(range.topic);
  if (topic == counts->end()) {
    std::vector<std::string> names;
    for (const auto& [name, count] : *counts) names.push_back(name);
    return absl::NotFoundError(
        absl::StrCat("topic ", range.topic, " does not exist", DidYouMean(range.topic, names)));
  }
  std::vector<int32_t> partitions = range.partitions;
  if (partitions.empty()) {
    for (int32_t i = 0; i < topic->second; ++i) partitions.push_back(i);
  }
  for (const int32_t partition : partitions) {
    if (partition < 0 || partition >= topic->second) {
      return absl::NotFoundError(absl::StrCat("topic ", range.topic, " has partitions 0 to ",
                                              topic->second - 1, ", not ", partition));
    }
  }
  return partitions;
}

// Where to begin in one partition that holds [low, high).
absl::StatusOr<int64_t> StartOf(Consumer& consumer, const TopicPartition& partition,
                                const std::string& from, const platform::Watermarks& marks,
                                absl::Duration timeout) {
  int64_t number = 0;
  absl::Duration ago;
  if (from == "beginning") return marks.low;
  if (from == "end") return marks.high;
  if (absl::SimpleAtoi(from, &number)) {
    if (number < 0) return std::max(marks.low, marks.high + number);
    return std::clamp(number, marks.low, marks.high);
  }
  if (absl::ParseDuration(from, &ago) && ago > absl::ZeroDuration()) {
    const auto found = consumer.OffsetsForTimes({{partition, absl::Now() - ago}}, timeout);
    if (!found.ok()) return found.status();
    return found->front().offset;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", from,
                   "\" is not a place to begin: beginning, end, an offset, -10 (the last ten), 10m "
                   "(ago)"));
}

// Hands records out until told to stop; false then.
bool HandOut(std::vector<Record>& records, const std::function<bool(const Record&)>& on_record) {
  std::stable_sort(records.begin(), records.end(),
                   [](const Record& a, const Record& b) { return a.timestamp < b.timestamp; });
  for (const Record& record : records) {
    if (!on_record(record)) return false;
  }
  records.clear();
  return true;
}

}  // namespace

absl::Status ReadTopic(const platform::KafkaConfig& kafka, const TopicRange& range,
                       absl::Duration timeout,
                       const std::function<bool(const Record&)>& on_record) {
  const auto partitions = PartitionsOf(kafka, range, timeout);
  if (!partitions.ok()) return partitions.status();
  auto consumer = Consumer::Create(kafka);
  if (!consumer.ok()) return consumer.status();

  std::vector<TopicPartitionOffset> starts;
  std::map<int32_t, int64_t> ends;  // What is to be read before the end is reached.
  for (const int32_t number : *partitions) {
    const TopicPartition partition{range.topic, number};
    const auto marks = (*consumer)->QueryWatermarks(partition, timeout);
    if (!marks.ok()) return marks.status();
    const auto start = StartOf(**consumer, partition, range.from, *marks, timeout);
    if (!start.ok()) return start.status();
    starts.push_back({range.topic, number, *start});
    if (*start < marks->high) ends[number] = marks->high;
  }
  if (absl::Status status = (*consumer)->Assign(starts); !status.ok()) return status;

  std::vector<Record> waiting;  // Until the end of all partitions is known: to be put in order.
  while (!ends.empty() || range.follow) {
    auto batch = (*consumer)->Poll(kPollWait, kRecordsPerPoll);
    if (!batch.ok()) return batch.status();
    for (Record& record : batch->records) waiting.push_back(std::move(record));
    for (auto end = ends.begin(); end != ends.end();) {
      const bool reached = (*consumer)->Position({range.topic, end->first}) >= end->second;
      end = reached ? ends.erase(end) : std::next(end);
    }
    const bool may_wait = !ends.empty() && waiting.size() < 10 * kRecordsPerPoll;
    if (!may_wait && !HandOut(waiting, on_record)) return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::StatusOr<platform::TopicsFile> KnownTopics(const std::string& cluster) {
  return platform::LoadTopics("", cluster.empty() ? "demo" : cluster);
}

}  // namespace trama::tramactl
