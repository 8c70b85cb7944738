#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/time/time.h"

// The plain values that go into and come out of Kafka. No header of librdkafka is needed to use
// this library.
namespace trama::platform {

// Let the partitioner choose by key (murmur2_random, the choice of Kafka's Java client).
inline constexpr int32_t kPartitionByKey = -1;

// Where to begin to read, in place of an offset.
inline constexpr int64_t kOffsetBeginning = -2;
inline constexpr int64_t kOffsetEnd = -1;
inline constexpr int64_t kOffsetCommitted = -1000;  // The group's; the beginning when none.
inline constexpr int64_t kOffsetUnknown = -1001;

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;

  friend bool operator<(const TopicPartition& a, const TopicPartition& b) {
    return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition);
  }
  friend bool operator==(const TopicPartition& a, const TopicPartition& b) {
    return a.partition == b.partition && a.topic == b.topic;
  }
};

struct TopicPartitionOffset {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = kOffsetUnknown;

  friend bool operator==(const TopicPartitionOffset& a, const TopicPartitionOffset& b) {
    return a.partition == b.partition && a.offset == b.offset && a.topic == b.topic;
  }
};

struct Header {
  std::string key;
  std::string value;

  friend bool operator==(const Header& a, const Header& b) {
    return a.key == b.key && a.value == b.value;
  }
};

// One record, read or to be written.
struct Record {
  std::string topic;
  int32_t partition = kPartitionByKey;
  int64_t offset = kOffsetUnknown;  // Ignored when written.
  // Kafka's timestamp, milliseconds. InfinitePast(): now when written, unknown when read.
  absl::Time timestamp = absl::InfinitePast();
  std::string key;  // Empty: none.
  // None: a tombstone, which erases the key in a compacted topic. Not the same as an empty value.
  std::optional<std::string> value;
  std::vector<Header> headers;
};

// The last header of that name, as Kafka's own clients read it. Null when there is none.
const std::string* FindHeader(const Record& record, std::string_view key);

// "topic/partition/offset", for errors and logs.
std::string Place(const Record& record);

}  // namespace trama::platform
