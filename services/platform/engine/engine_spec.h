#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "services/kernel/archive.h"
#include "services/kernel/machine.h"
#include "services/platform/kafka/topics.h"

// What a service says about its engine. Everything else is done by EngineHost.
namespace trama::platform {

// A topic that the machine reads. `prototype` is the default instance of its message:
//   {kWork, &routing::v1::WorkItem::default_instance()}
struct EngineInput {
  std::string topic;
  const google::protobuf::Message* prototype = nullptr;
};

// Where a machine's pushes go. Proposals come as soon as they are made, facts once they are
// committed, both in the order in which they were made; a proposal may come while a fact is being
// given. Called from several threads; must be quick and must not call the host.
using PushSink = std::function<void(int32_t partition, int64_t incarnation, const Push& push)>;

// Asks a peer. Called on the loop's thread: must start the call and return. The answer, or the news
// that there was none, is given to EngineHost::Deliver with the same partition and incarnation.
using AskPeer =
    std::function<void(int32_t partition, int64_t incarnation, const Question& question)>;

struct EngineLimits {
  // Calls that wait to be applied; one more is RESOURCE_EXHAUSTED.
  size_t inbox_max = 4096;
  // Calls that were applied and whose reply the machine has put off.
  size_t waiting_calls_max = 16384;
  // Answers of peers that wait to be applied; more are lost, as if the peer had not answered.
  size_t answers_max = 16384;
  // What gathers while a commit is under way; the loop waits for the commit when it has grown to
  // one of these. A commit takes 10 to 100 ms, so they bound the rate.
  size_t batch_inputs_max = 4096;
  size_t batch_bytes_max = 8 << 20;
  // Records of one turn, before calls and time have theirs again.
  absl::Duration batch_work_max = absl::Milliseconds(5);
  // As ConsumerOptions::fetch_bytes_min. More than 1: inputs may be late by
  // EngineTimes::fetch_wait, and cost the broker and us fewer requests.
  int fetch_bytes_min = 1;
};

struct EngineTimes {
  // A dead owner's transaction ends after this time, and a commit that takes longer is in doubt.
  absl::Duration transaction_timeout = absl::Seconds(10);
  absl::Duration session_timeout = absl::Seconds(6);
  absl::Duration heartbeat_interval = absl::Milliseconds(1500);
  // Between a commit and the next transaction, while effects gather. One that begins before the
  // markers of the last are written is refused and tried again by librdkafka after 20 ms: with this
  // pause the median under load falls from 27 ms to 9 ms (one broker, measured).
  absl::Duration commit_pause = absl::Milliseconds(2);
  // For each question to the broker during a takeover.
  absl::Duration broker_timeout = absl::Seconds(10);
  // Between takeovers that fail: doubled from the first to the second.
  absl::Duration takeover_backoff_min = absl::Milliseconds(100);
  absl::Duration takeover_backoff_max = absl::Seconds(5);
  // As ConsumerOptions::fetch_wait, for the inputs.
  absl::Duration fetch_wait = absl::Milliseconds(100);
  // How often the positions are noted in the group, for lag monitors only.
  absl::Duration positions_interval = absl::Seconds(5);
  // A loop that has not turned for this long counts as dead (liveness).
  absl::Duration beat_stale_after = absl::Seconds(60);
};

struct EngineSpec {
  // "routing": the group is trama-routing, the owner of number 3 trama-routing-3.
  std::string service;
  // group.instance.id: a stable slot such as the StatefulSet's pod name. Empty: a dynamic member.
  std::string instance_id;

  // The partitions of the first one are what the group distributes; all have as many.
  std::vector<EngineInput> inputs;
  std::string changelog;
  // Every topic that the machine writes to.
  std::vector<std::string> outputs;
  std::string owners = kOwners;
  std::string dead_letters = kDeadLetters;

  std::function<std::unique_ptr<Machine>(int32_t partition)> make_machine;
  // For the rows that a takeover has read, until the machine has loaded them.
  MakeArchive make_archive = MakeMemoryArchive;
  PushSink push;
  AskPeer ask;  // Not needed by a machine that asks nobody.

  // A partition is served from now on; before its first push. On the loop's thread.
  std::function<void(int32_t partition, int64_t incarnation)> on_serving;
  // It is no longer; after its last push and reply. Once for each on_serving.
  std::function<void(int32_t partition, int64_t incarnation)> on_dropped;
  // This process can own nothing any more: another one has taken its instance_id. End it
  // (Runtime::Fatal). When not set, the process lives on without partitions and is not ready.
  std::function<void(const absl::Status& why)> on_fatal;

  EngineLimits limits;
  EngineTimes times;
};

}  // namespace trama::platform
