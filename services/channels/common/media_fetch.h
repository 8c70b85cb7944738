#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "services/channels/common/account_directory.h"
#include "services/channels/common/media_job.h"
#include "services/channels/common/media_source.h"
#include "services/channels/common/publisher.h"
#include "services/channels/common/raw_archive.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/kafka/group_consumer.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/topics.h"

namespace trama::channels {

struct MediaFetchOptions {
  std::string channel;  // "sms": whose files.
  std::string topic = platform::kInteractions;
  // The consumer group; "trama-<channel>-media" when empty.
  std::string group;
  std::string instance_id;
  // Waits between attempts: this, four times this, ...
  absl::Duration pause = absl::Seconds(1);
  int attempts_max = 3;
  // Does anybody know the accounts yet? Before that no file is tried, as if the blob store were
  // away; empty: always.
  std::function<bool()> is_ready;
  // From a thread of the fetcher.
  std::function<void(const absl::Status&)> on_fatal;
};

// Fetches files that customers sent from the vendor into the blob store, after their message stands
// in trama.interactions.v1, and tells it by a KIND_MEDIA interaction there. Reads the topic with a
// consumer group, so that what a process did not finish another one fetches: no file is forgotten,
// and a repeat has the same id.
//
// One thread of its own, coroutines on `io`. Lifetime: what it is given must outlive it.
class MediaFetch {
 public:
  // Fetched at once; the rest waits in the topic.
  static constexpr size_t kAtOnceMax = 16;
  // Between two commits of the position.
  static constexpr absl::Duration kBatchTimeMax = absl::Seconds(60);

  static absl::StatusOr<std::unique_ptr<MediaFetch>> Start(
      const platform::KafkaConfig& kafka, MediaFetchOptions options, MediaSource& source,
      RawArchive& archive, Publisher& publisher, boost::asio::io_context& io,
      const platform::Clock& clock, platform::Metrics& metrics, platform::Health& health);
  // Stop().
  ~MediaFetch();

  // Begins nothing more; returns at once.
  void RequestStop();
  // Finishes the files under way, commits, leaves the group.
  void Stop();

 private:
  MediaFetch(MediaFetchOptions options, MediaSource& source, RawArchive& archive,
             Publisher& publisher, boost::asio::io_context& io, const platform::Clock& clock,
             platform::Metrics& metrics, platform::Health& health);

  void Run();
  // Handles what it can of the batch; false: what is not committed must be handed out again.
  bool Handle(const std::vector<platform::Record>& records);
  static void NoteCommit(const absl::Status& committed);
  // All of them at the same time; false when one could be neither kept nor told.
  bool FetchAll(std::vector<MediaJob> jobs);
  platform::Awaitable<bool> FetchOne(MediaJob job);
  platform::Awaitable<absl::StatusOr<FetchedMedia>> TryFetch(std::shared_ptr<const MediaJob> job);
  platform::Awaitable<void> Pause(absl::Duration wait);

  const MediaFetchOptions options_;
  MediaSource& source_;
  RawArchive& archive_;
  Publisher& publisher_;
  boost::asio::io_context& io_;
  const platform::Clock& clock_;
  platform::CounterFamily& files_;
  std::unique_ptr<platform::Heartbeat> heartbeat_;
  std::unique_ptr<platform::GroupConsumer> consumer_;
  std::atomic<bool> stopping_ = false;
  absl::Duration committed_at_;  // On the monotonic clock.
  std::thread thread_;
};

}  // namespace trama::channels
