#include "tools/cli/dead_letters.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/platform/kafka/dead_letter.h"
#include "services/platform/kafka/topics.h"
#include "trama/routing/v1/work.pb.h"

namespace trama::tramactl {
namespace {

using platform::Record;
using platform::TopicPartitionOffset;

// Readers of these drop repeats by the record's id.
bool MayStandTwice(const std::string& topic) {
  return topic == platform::kInteractions || topic == platform::kDeliveries ||
         absl::StartsWith(topic, "trama.outbound.");
}

// Where the original is to be read again; an empty topic when the letter itself holds it whole.
TopicPartitionOffset SourceOf(const deadletter::v1::DeadLetter& letter) {
  routing::v1::Work work;
  if (letter.source_topic() == platform::kWork && work.ParseFromString(letter.value()) &&
      !work.source().topic().empty()) {
    return {work.source().topic(), work.source().partition(), work.source().offset()};
  }
  if (letter.headers().empty()) {
    return {letter.source_topic(), letter.source_partition(), letter.source_offset()};
  }
  return {};
}

Record Original(const deadletter::v1::DeadLetter& letter) {
  Record record;
  record.topic = letter.source_topic();
  record.partition = letter.source_partition();
  record.key = letter.key();
  record.value = letter.value();
  for (const deadletter::v1::Header& header : letter.headers()) {
    record.headers.push_back({header.key(), header.value()});
  }
  return record;
}

void Count(int32_t requeued, Record& record) {
  std::erase_if(record.headers, [](const platform::Header& header) {
    return header.key == platform::kRequeuedHeader;
  });
  record.headers.push_back({platform::kRequeuedHeader, absl::StrCat(requeued)});
}

}  // namespace

absl::StatusOr<Record> RequeuedRecord(const Letter& letter, bool force, const FetchRecord& fetch) {
  const deadletter::v1::DeadLetter& dead = letter.letter;
  if (dead.source_topic().empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "it came from ", dead.source(), " and not from a topic: it has to be sent again"));
  }
  Record record;
  const TopicPartitionOffset source = SourceOf(dead);
  if (source.topic.empty()) {
    record = Original(dead);
  } else {
    absl::StatusOr<Record> fetched = fetch(source);
    if (!fetched.ok()) return fetched.status();
    record = *std::move(fetched);
  }
  if (!force && !MayStandTwice(record.topic)) {
    return absl::FailedPreconditionError(
        absl::StrCat("readers of ", record.topic,
                     " take every record for a new fact; --force puts it back nevertheless"));
  }
  record.timestamp = absl::InfinitePast();
  Count(dead.requeued() + 1, record);
  return record;
}

}  // namespace trama::tramactl
