#include "services/channels/common/media_fetch.h"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/this_coro.hpp"
#include "services/kernel/digest.h"
#include "services/platform/base/log.h"
#include "services/platform/kafka/cloud_event.h"
#include "services/platform/kafka/kafka_error.h"
#include "services/platform/net/serial_executor.h"
#include "services/platform/net/steady_time.h"

namespace trama::channels {

namespace {

constexpr absl::Duration kPollWait = absl::Milliseconds(500);
constexpr size_t kRecordsMax = 200;
// A position that only messages without files have moved.
constexpr absl::Duration kCommitEvery = absl::Seconds(1);
constexpr absl::Duration kFetchWait = absl::Milliseconds(250);
constexpr absl::Duration kRewindTimeout = absl::Seconds(10);
constexpr absl::Duration kFetchStaleAfter = absl::Minutes(5);

// The topic holds the messages of all channels; the subject, "sms/support", tells them apart before
// anything is parsed.
bool MayBeOurs(const platform::Record& record, const std::string& channel) {
  const std::string* subject = platform::FindHeader(record, platform::kSubjectHeader);
  return subject == nullptr || absl::StartsWith(*subject, absl::StrCat(channel, "/"));
}

std::vector<MediaJob> JobsOf(const platform::Record& record, const std::string& channel) {
  if (!record.value.has_value() || !MayBeOurs(record, channel)) return {};
  interaction::v1::Interaction interaction;
  if (!interaction.ParseFromString(*record.value)) return {};
  std::vector<MediaJob> jobs = MediaJobsOf(interaction, channel);
  if (const std::string* traceparent = platform::FindHeader(record, "traceparent")) {
    for (MediaJob& job : jobs) job.traceparent = *traceparent;
  }
  return jobs;
}

}  // namespace

MediaFetch::MediaFetch(MediaFetchOptions options, MediaSource& source, RawArchive& archive,
                       Publisher& publisher, boost::asio::io_context& io,
                       const platform::Clock& clock, platform::Metrics& metrics,
                       platform::Health& health)
    : options_(std::move(options)),
      source_(source),
      archive_(archive),
      publisher_(publisher),
      io_(io),
      clock_(clock),
      files_(metrics.Counter("trama_media_files_total",
                             "Files of customers: fetched, refused for good, or to be tried again.",
                             {"channel", "outcome"})),
      heartbeat_(health.AddHeartbeat("media fetch", kFetchStaleAfter)) {}

absl::StatusOr<std::unique_ptr<MediaFetch>> MediaFetch::Start(
    const platform::KafkaConfig& kafka, MediaFetchOptions options, MediaSource& source,
    RawArchive& archive, Publisher& publisher, boost::asio::io_context& io,
    const platform::Clock& clock, platform::Metrics& metrics, platform::Health& health) {
  platform::GroupOptions group;
  group.group =
      options.group.empty() ? absl::StrCat("trama-", options.channel, "-media") : options.group;
  group.instance_id = options.instance_id;
  group.topics = {options.topic};
  // Few messages have files, and those may wait a moment: a fetch and a commit for each message
  // that comes in would cost more than to take it in.
  group.fetch_wait = kFetchWait;
  group.fetch_bytes_min = platform::kUnhurriedFetchBytes;
  auto consumer = platform::GroupConsumer::Create(kafka, std::move(group));
  if (!consumer.ok()) return consumer.status();
  std::unique_ptr<MediaFetch> fetch(
      new MediaFetch(std::move(options), source, archive, publisher, io, clock, metrics, health));
  fetch->consumer_ = *std::move(consumer);
  fetch->thread_ = std::thread([raw = fetch.get()] { raw->Run(); });
  return fetch;
}

MediaFetch::~MediaFetch() { Stop(); }

void MediaFetch::RequestStop() {
  stopping_ = true;
  consumer_->Wake();
}

void MediaFetch::Stop() {
  if (!thread_.joinable()) return;
  RequestStop();
  thread_.join();
}

void MediaFetch::Run() {
  while (!stopping_) {
    heartbeat_->Beat();
    const auto batch = consumer_->PollWanted(kPollWait, kRecordsMax, &MayHaveFiles);
    if (!batch.ok()) {
      platform::Log(platform::LogLevel::kError, "media fetch cannot read",
                    {{"why", batch.status()}});
      if (options_.on_fatal) options_.on_fatal(batch.status());
      break;
    }
    if (!Handle(batch->records)) {
      // The blob store, Kafka or the configuration is away: what was not finished comes again.
      if (const absl::Status rewound = consumer_->Rewind(kRewindTimeout); !rewound.ok()) {
        platform::Log(platform::LogLevel::kWarning, "media fetch cannot go back",
                      {{"why", rewound}});
      }
    } else if (!batch->records.empty() || stopping_ ||
               clock_.Monotonic() - committed_at_ >= kCommitEvery) {
      committed_at_ = clock_.Monotonic();
      NoteCommit(consumer_->Commit());
    }
  }
  consumer_->Close();
}

void MediaFetch::NoteCommit(const absl::Status& committed) {
  if (committed.ok()) return;
  platform::Log(platform::LogLevel::kWarning, "media fetch cannot commit", {{"why", committed}});
}

bool MediaFetch::Handle(const std::vector<platform::Record>& records) {
  const absl::Duration until = clock_.Monotonic() + kBatchTimeMax;
  std::vector<MediaJob> jobs;
  size_t finished = 0;  // Records below this one need nothing more.
  for (size_t i = 0; i < records.size(); ++i) {
    for (MediaJob& job : JobsOf(records[i], options_.channel)) jobs.push_back(std::move(job));
    const bool last = i + 1 == records.size();
    if (jobs.size() < kAtOnceMax && !last) continue;
    if (!last && (stopping_ || clock_.Monotonic() >= until)) break;
    if (!FetchAll(std::exchange(jobs, {}))) break;
    finished = i + 1;
  }
  if (finished == records.size()) return true;
  std::map<int32_t, platform::TopicPartitionOffset> done;
  for (const platform::Record& record : std::span(records).first(finished)) {
    done[record.partition] = {record.topic, record.partition, record.offset + 1};
  }
  std::vector<platform::TopicPartitionOffset> positions;
  for (const auto& [partition, position] : done) positions.push_back(position);
  NoteCommit(consumer_->Commit(positions));
  return false;
}

bool MediaFetch::FetchAll(std::vector<MediaJob> jobs) {
  struct Progress {
    std::mutex mutex;
    std::condition_variable changed;
    size_t left = 0;
    bool all = true;
  };
  const auto progress = std::make_shared<Progress>();
  progress->left = jobs.size();
  for (MediaJob& job : jobs) {
    boost::asio::co_spawn(platform::SerialExecutor(io_), FetchOne(std::move(job)),
                          [progress](const std::exception_ptr& thrown, bool told) {
                            const std::lock_guard lock(progress->mutex);
                            progress->all = progress->all && told && !thrown;
                            if (--progress->left == 0) progress->changed.notify_all();
                          });
  }
  std::unique_lock lock(progress->mutex);
  while (progress->left > 0) {
    heartbeat_->Beat();
    progress->changed.wait_for(lock, std::chrono::seconds(1), [&] { return progress->left == 0; });
  }
  return progress->all;
}

platform::Awaitable<void> MediaFetch::Pause(absl::Duration wait) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  timer.expires_after(platform::ToSteady(wait));
  co_await timer.async_wait(boost::asio::use_awaitable);
}

platform::Awaitable<absl::StatusOr<FetchedMedia>> MediaFetch::TryFetch(
    std::shared_ptr<const MediaJob> job) {
  // It comes again, as often as that takes.
  if (options_.is_ready && !options_.is_ready()) {
    co_return absl::UnavailableError("the configuration is not read yet");
  }
  absl::StatusOr<platform::Media> media = absl::UnknownError("not tried");
  for (int attempt = 1;; ++attempt) {
    media = co_await source_.Fetch(job);
    if (media.ok() || IsFinalFetchError(media.status())) break;
    // Another process will fetch it.
    if (stopping_) co_return absl::UnavailableError("this process is about to end");
    if (attempt >= options_.attempts_max) break;
    files_.With({options_.channel, "again"}).Increment();
    const int64_t pauses = int64_t{1} << (2 * (attempt - 1));
    co_await Pause(options_.pause * pauses);
  }
  if (!media.ok()) co_return absl::InvalidArgumentError(FetchErrorText(media.status()));

  FetchedMedia fetched;
  fetched.content_type = media->content_type;
  fetched.size_bytes = static_cast<int64_t>(media->bytes.size());
  fetched.sha256 = HexSha256(media->bytes);
  absl::StatusOr<std::string> blob =
      co_await archive_.Put(job->message.workspace(), job->message.sender().identifier(),
                            std::move(media->bytes), media->content_type);
  if (!blob.ok()) co_return absl::UnavailableError(blob.status().message());
  fetched.blob = *std::move(blob);
  co_return fetched;
}

platform::Awaitable<bool> MediaFetch::FetchOne(MediaJob job) {
  const auto shared = std::make_shared<const MediaJob>(std::move(job));
  const absl::StatusOr<FetchedMedia> fetched = co_await TryFetch(shared);
  if (!fetched.ok() && fetched.status().code() == absl::StatusCode::kUnavailable) {
    platform::Log(platform::LogLevel::kWarning, "file cannot be kept",
                  {{"interaction", shared->message.interaction_id()}, {"why", fetched.status()}});
    co_await Pause(options_.pause);
    co_return false;
  }
  std::vector<interaction::v1::Interaction> told;
  if (fetched.ok()) {
    told.push_back(MediaArrived(*shared, *fetched, clock_.Now()));
  } else {
    const absl::string_view why = fetched.status().message();
    told.push_back(MediaFailed(*shared, std::string_view(why.data(), why.size()), clock_.Now()));
  }
  files_.With({options_.channel, fetched.ok() ? "fetched" : "refused"}).Increment();
  const std::vector<Receipt> no_receipts;
  const absl::Status published =
      co_await publisher_.Publish(std::move(told), no_receipts, shared->traceparent);
  if (!published.ok()) co_await Pause(options_.pause);
  co_return published.ok();
}

}  // namespace trama::channels
