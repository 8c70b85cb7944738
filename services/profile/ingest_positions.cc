#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/platform/base/log.h"
#include "services/profile/ingest_loop.h"

// IngestLoop: where it stands in each partition, what is committed, held back and read again.
namespace trama::profile {
namespace {

using platform::TopicPartition;
using platform::TopicPartitionOffset;

constexpr absl::Duration kSeekWait = absl::Seconds(5);

}  // namespace

void IngestLoop::Forget(const std::vector<TopicPartition>& gone) {
  for (const TopicPartition& each : gone) {
    partitions_.erase(each);
    room_.Drop(each.topic, each.partition);
    parked_.Drop(each.topic, each.partition);
  }
}

void IngestLoop::PassOver(const Task& task, const absl::Status& why) {
  const std::string& workspace = task.pending->input.workspace;
  if (!parked_.workspaces().contains(workspace)) {
    platform::Log(platform::LogLevel::kError, "nothing of a workspace is taken in for now",
                  {{"workspace", workspace}, {"why", why}});
  }
  parked_.Park(task.origin, workspace);
  room_.Remove(task.origin);
}

void IngestLoop::ReadParkedAgain() {
  for (const std::string& workspace : parked_.workspaces()) {
    if (absl::IsFailedPrecondition(parts_.secrets.Of(workspace).status())) continue;
    for (const Origin& first : parked_.FirstOf(workspace)) {
      Partition& partition = partitions_[{first.topic, first.partition}];
      // On failure the broker is away: it is asked again at the next turn.
      const absl::Status back =
          consumer_->Seek({first.topic, first.partition, first.offset}, kSeekWait);
      if (!back.ok()) return;
      parked_.ReadAgain(first, workspace, partition.next);
      partition.next = first.offset;
      partition.at_end = false;
    }
    platform::Log(platform::LogLevel::kInfo, "a workspace is taken in again",
                  {{"workspace", workspace}});
  }
}

void IngestLoop::TellWhoWaits() {
  const std::set<std::string> parked = parked_.workspaces();
  waiting_->Set(static_cast<double>(room_.size()));
  parked_workspaces_->Set(static_cast<double>(parked.size()));
  ingesting_->Note(parked.empty()
                       ? ""
                       : absl::StrCat("not taken in, because the identity secret cannot be read: "
                                      "workspace ",
                                      absl::StrJoin(parked, ", ")));
}

absl::Status IngestLoop::Commit() {
  std::vector<TopicPartitionOffset> positions;
  for (const auto& [place, partition] : partitions_) {
    if (partition.next < 0) continue;
    const int64_t offset =
        parked_.CommitPosition(place.topic, place.partition,
                               room_.CommitPosition(place.topic, place.partition, partition.next));
    if (offset != partition.committed) {
      positions.push_back({place.topic, place.partition, offset});
    }
  }
  if (positions.empty()) return absl::OkStatus();
  absl::Status committed = consumer_->Commit(positions);
  if (!committed.ok()) return committed;
  for (const TopicPartitionOffset& position : positions) {
    partitions_[{position.topic, position.partition}].committed = position.offset;
  }
  return absl::OkStatus();
}

void IngestLoop::HoldBack() {
  std::vector<TopicPartition> pause;
  std::vector<TopicPartition> resume;
  for (auto& [place, partition] : partitions_) {
    const size_t count = room_.Count(place.topic, place.partition);
    if (!partition.paused && count >= kWaitingOfPartitionMax) pause.push_back(place);
    if (partition.paused && count <= kWaitingOfPartitionMax / 2) resume.push_back(place);
  }
  if (!pause.empty() && consumer_->Pause(pause).ok()) {
    for (const TopicPartition& each : pause) partitions_[each].paused = true;
  }
  if (!resume.empty() && consumer_->Resume(resume).ok()) {
    for (const TopicPartition& each : resume) partitions_[each].paused = false;
  }
}

}  // namespace trama::profile
