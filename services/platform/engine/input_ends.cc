#include "services/platform/engine/input_ends.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "services/platform/kafka/offset_query.h"

namespace trama::platform {
namespace {

class KafkaInputEnds final : public InputEnds {
 public:
  KafkaInputEnds(std::unique_ptr<OffsetQuery> query, std::vector<std::string> topics,
                 absl::Duration timeout)
      : query_(std::move(query)), topics_(std::move(topics)), timeout_(timeout) {
    thread_ = std::thread([this] { Run(); });
  }

  ~KafkaInputEnds() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void Ask(int32_t partition, OnEnds answer) override {
    {
      std::lock_guard lock(mutex_);
      asked_.push_back({partition, std::move(answer)});
    }
    changed_.notify_all();
  }

 private:
  struct Question {
    int32_t partition = 0;
    OnEnds answer;
  };

  void Run() {
    while (true) {
      std::vector<Question> questions;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopping_ || !asked_.empty(); });
        if (stopping_) return;
        questions = std::exchange(asked_, {});
      }
      AnswerAll(questions);
    }
  }

  // Loops that ask at the same time share a question to the broker.
  void AnswerAll(std::vector<Question>& questions) {
    std::vector<TopicPartition> partitions;
    for (const Question& question : questions) {
      for (const std::string& topic : topics_) partitions.push_back({topic, question.partition});
    }
    const auto ends = query_->Ends(partitions, timeout_);
    if (!ends.ok()) {
      for (Question& question : questions) question.answer(ends.status());
      return;
    }
    std::map<int32_t, TopicOffsets> by_partition;
    for (const TopicPartitionOffset& end : *ends) {
      by_partition[end.partition][end.topic] = end.offset;
    }
    for (Question& question : questions) question.answer(by_partition[question.partition]);
  }

  const std::unique_ptr<OffsetQuery> query_;
  const std::vector<std::string> topics_;
  const absl::Duration timeout_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::vector<Question> asked_;  // At most one of each loop.
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<InputEnds>> InputEnds::Start(const KafkaConfig& kafka,
                                                            std::vector<std::string> topics,
                                                            absl::Duration timeout) {
  absl::StatusOr<std::unique_ptr<OffsetQuery>> query = OffsetQuery::Create(kafka);
  if (!query.ok()) return query.status();
  return std::make_unique<KafkaInputEnds>(*std::move(query), std::move(topics), timeout);
}

}  // namespace trama::platform
