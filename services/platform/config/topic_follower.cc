#include "services/platform/config/topic_follower.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/platform/base/log.h"
#include "services/platform/kafka/consumer.h"

namespace trama::platform {
namespace {

constexpr size_t kRecordsPerPollMax = 512;
constexpr absl::Duration kPollWait = absl::Seconds(1);
constexpr absl::Duration kRetryWait = absl::Milliseconds(500);
constexpr absl::Duration kBrokerTimeout = absl::Seconds(10);
// The last thing in a topic is the mark of a commit, which is no record: it is noticed when a fetch
// comes back empty. So the topic is read to its end with fetches that do not wait, and followed by
// others that do.
constexpr absl::Duration kFirstFetchWait = absl::Milliseconds(5);
constexpr absl::Duration kFetchWait = absl::Milliseconds(250);

class KafkaTopicFollower final : public TopicFollower {
 public:
  explicit KafkaTopicFollower(TopicFollowerOptions options)
      : options_(std::move(options)), next_(options_.partitions, kOffsetBeginning) {}

  ~KafkaTopicFollower() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      if (reading_ != nullptr) reading_->Wake();
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Open() {
    // A mistake in the settings shows here and not only in the log.
    absl::StatusOr<std::unique_ptr<Consumer>> consumer = NewConsumer();
    if (!consumer.ok()) return consumer.status();
    thread_ =
        std::thread([this, first = *std::move(consumer)]() mutable { Run(std::move(first)); });
    return absl::OkStatus();
  }

  bool caught_up() const override {
    std::lock_guard lock(mutex_);
    return caught_up_;
  }

  absl::Status WaitFresh(absl::Duration timeout) override {
    std::unique_lock lock(mutex_);
    const uint64_t mine = ++asked_;
    if (reading_ != nullptr) reading_->Wake();
    const bool done = changed_.wait_for(lock, absl::ToChronoNanoseconds(timeout), [&] {
      return fresh_ >= mine || !failed_.ok() || stopping_;
    });
    if (!failed_.ok()) return failed_;
    if (done && fresh_ >= mine) return absl::OkStatus();
    return absl::DeadlineExceededError(absl::StrCat(
        options_.topic, " was not read to its end within ", absl::FormatDuration(timeout)));
  }

 private:
  // The end of every partition as it stood when it was asked for, and for whom.
  struct Mark {
    uint64_t ticket = 0;
    std::vector<int64_t> highs;
  };

  absl::StatusOr<std::unique_ptr<Consumer>> NewConsumer() const {
    ConsumerOptions consumer;
    consumer.fetch_wait = caught_up() ? kFetchWait : kFirstFetchWait;
    return Consumer::Create(options_.kafka, consumer);
  }

  void Run(std::unique_ptr<Consumer> consumer) {
    while (!stopping()) {
      const bool to_the_end = !caught_up();
      const absl::Status ended = Follow(*consumer, to_the_end);
      SetReading(nullptr);
      if (stopping() || Ended()) return;
      if (!ended.ok()) {
        Log(LogLevel::kWarning, "following is interrupted, going on soon",
            {{"topic", options_.topic}, {"why", ended}});
        if (!Pause()) return;
        // Positions below the oldest record: what expired there is gone, read on.
        if (absl::IsOutOfRange(ended)) std::fill(next_.begin(), next_.end(), kOffsetBeginning);
      }
      absl::StatusOr<std::unique_ptr<Consumer>> again = NewConsumer();
      if (again.ok()) consumer = *std::move(again);
    }
  }

  // Until it is time to end or, with `to_the_end`, until it has caught up.
  absl::Status Follow(Consumer& consumer, bool to_the_end) {
    std::vector<TopicPartitionOffset> positions;
    for (int32_t p = 0; p < options_.partitions; ++p) {
      positions.push_back({options_.topic, p, next_[p]});
    }
    if (absl::Status assigned = consumer.Assign(positions); !assigned.ok()) return assigned;
    mark_.reset();
    SetReading(&consumer);
    while (!stopping() && !(to_the_end && caught_up())) {
      if (absl::Status marked = AskForMark(consumer); !marked.ok()) return marked;
      absl::StatusOr<RecordBatch> batch = consumer.Poll(kPollWait, kRecordsPerPollMax);
      if (!batch.ok()) return batch.status();
      for (const Record& record : batch->records) {
        if (absl::Status taken = options_.on_record(record); !taken.ok()) return Fail(taken);
      }
      for (int32_t p = 0; p < options_.partitions; ++p) {
        const int64_t position = consumer.Position({options_.topic, p});
        if (position >= 0) next_[p] = position;
      }
      CheckMark();
    }
    return absl::OkStatus();
  }

  // At the start, and whenever somebody waits, one at a time: those who come later get the next.
  absl::Status AskForMark(Consumer& consumer) {
    if (mark_.has_value()) return absl::OkStatus();
    Mark mark;
    {
      std::lock_guard lock(mutex_);
      if (caught_up_ && asked_ == fresh_) return absl::OkStatus();
      mark.ticket = asked_;
    }
    std::vector<TopicPartition> all;
    for (int32_t p = 0; p < options_.partitions; ++p) all.push_back({options_.topic, p});
    const auto ends = consumer.Ends(all, kBrokerTimeout);
    if (!ends.ok()) return ends.status();
    for (const TopicPartitionOffset& end : *ends) mark.highs.push_back(end.offset);
    mark_ = std::move(mark);
    CheckMark();
    return absl::OkStatus();
  }

  void CheckMark() {
    if (!mark_.has_value()) return;
    for (int32_t p = 0; p < options_.partitions; ++p) {
      if (next_[p] < mark_->highs[p]) return;
    }
    // Before anybody who waits goes on.
    if (!caught_up() && options_.on_caught_up) options_.on_caught_up();
    {
      std::lock_guard lock(mutex_);
      caught_up_ = true;
      fresh_ = mark_->ticket;
    }
    mark_.reset();
    changed_.notify_all();
  }

  absl::Status Fail(const absl::Status& why) {
    if (options_.on_failed) options_.on_failed(why);
    {
      std::lock_guard lock(mutex_);
      failed_ = why;
    }
    changed_.notify_all();
    return why;
  }

  void SetReading(Consumer* consumer) {
    std::lock_guard lock(mutex_);
    reading_ = consumer;
  }

  bool stopping() const {
    std::lock_guard lock(mutex_);
    return stopping_;
  }

  bool Ended() const {
    std::lock_guard lock(mutex_);
    return !failed_.ok();
  }

  // False when it is time to end.
  bool Pause() {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, absl::ToChronoNanoseconds(kRetryWait),
                              [&] { return stopping_; });
  }

  const TopicFollowerOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Consumer* reading_ = nullptr;  // For Wake().
  bool stopping_ = false;
  bool caught_up_ = false;
  absl::Status failed_;
  uint64_t asked_ = 0;  // Tickets of WaitFresh: given out,
  uint64_t fresh_ = 0;  // and served.

  // Of the thread:
  std::vector<int64_t> next_;
  std::optional<Mark> mark_;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TopicFollower>> TopicFollower::Start(TopicFollowerOptions options) {
  auto follower = std::make_unique<KafkaTopicFollower>(std::move(options));
  const absl::Status opened = follower->Open();
  if (!opened.ok()) return opened;
  return follower;
}

}  // namespace trama::platform
