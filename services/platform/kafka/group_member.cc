#include "services/platform/kafka/group_member.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <utility>

#include "services/platform/base/milliseconds.h"
#include "services/platform/kafka/errors.h"
#include "services/platform/kafka/group.h"
#include "services/platform/kafka/handles.h"

namespace trama::platform {
namespace {

using kafka_internal::Client;
using kafka_internal::MessageHandle;
using kafka_internal::PartitionList;
using kafka_internal::QueueHandle;

constexpr absl::Duration kPollWait = absl::Milliseconds(500);

// The group is told that we take and give up partitions, librdkafka that there are none to read:
// its list of what to fetch stays empty, while the list that the group protocol sends (what the
// last assignment said) is kept apart from it. So nothing is fetched, not even for a moment.
class KafkaGroupMember final : public GroupMember {
 public:
  explicit KafkaGroupMember(GroupMemberOptions options) : options_(std::move(options)) {}

  ~KafkaGroupMember() override {
    if (client_.get() == nullptr) return;
    stopping_ = true;
    rd_kafka_queue_yield(events_.get());
    if (thread_.joinable()) thread_.join();
    events_.reset();
    client_.Close();
  }

  absl::Status Open(const KafkaConfig& config) {
    Client::Settings settings(config);
    settings.Set("enable.auto.commit", "false");
    kafka_internal::SetGroupOptions(settings, {.group = options_.group,
                                               .instance_id = options_.instance_id,
                                               .session_timeout = options_.session_timeout,
                                               .heartbeat_interval = options_.heartbeat_interval,
                                               .max_poll_interval = options_.callback_time_max});
    rd_kafka_conf_set_rebalance_cb(settings.get(), &KafkaGroupMember::OnRebalance);
    absl::Status opened = client_.Open(RD_KAFKA_CONSUMER, std::move(settings), this);
    if (!opened.ok()) return opened;
    events_.reset(rd_kafka_queue_get_consumer(client_.get()));
    rd_kafka_poll_set_consumer(client_.get());
    absl::Status subscribed = kafka_internal::Subscribe(client_, {options_.topic});
    if (subscribed.ok()) thread_ = std::thread([this] { Run(); });
    return subscribed;
  }

  void NotePositions(const std::vector<TopicPartitionOffset>& positions) override {
    // As in Reader::Commit: a member that has lost its session must not speak for it.
    if (rd_kafka_assignment_lost(client_.get()) != 0) return;
    const PartitionList list = kafka_internal::ToList(positions);
    rd_kafka_commit(client_.get(), list.get(), /*async=*/1);
  }

 private:
  void Run() {
    while (!stopping_) {
      const MessageHandle message(
          rd_kafka_consumer_poll(client_.get(), Milliseconds(kPollWait)));
      if (message == nullptr || message->err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      const char* text = rd_kafka_message_errstr(message.get());
      const absl::Status status =
          client_.Error(message->err, "be a member of " + options_.group, text ? text : "");
      constexpr int kWarning = 4;
      client_.Log(kWarning, "MEMBER", std::string(status.message()));
      const KafkaErrorKind kind = KindOf(status);
      if (kind != KafkaErrorKind::kFenced && kind != KafkaErrorKind::kFatal) continue;
      Tell(options_.on_lost ? options_.on_lost : options_.on_revoked, held_);
      if (options_.on_fatal) options_.on_fatal(status);
      break;
    }
    kafka_internal::AwaitFirstAssignment(client_, assigned_);
    kafka_internal::Leave(client_, &KafkaGroupMember::OnRebalance);
    // What the group did not ask back in time, for example because it could not be reached.
    Tell(options_.on_revoked, held_);
  }

  static void OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t code,
                          rd_kafka_topic_partition_list_t* partitions, void* opaque) {
    auto& member = Client::Owner<KafkaGroupMember>(opaque);
    std::set<int32_t> numbers;
    for (int i = 0; i < partitions->cnt; ++i) numbers.insert(partitions->elems[i].partition);
    const PartitionList nothing(rd_kafka_topic_partition_list_new(0));
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      member.assigned_ = true;
      kafka_internal::Accept(member.client_, nothing);
      member.held_.insert(numbers.begin(), numbers.end());
      if (member.options_.on_assigned) {
        member.options_.on_assigned({numbers.begin(), numbers.end()});
      }
      return;
    }
    const GroupMemberOptions& options = member.options_;
    const bool lost = rd_kafka_assignment_lost(member.client_.get()) != 0;
    member.Tell(lost && options.on_lost ? options.on_lost : options.on_revoked, numbers);
    kafka_internal::GiveUp(member.client_, nothing);
  }

  // Each number that was assigned is taken away once.
  void Tell(const std::function<void(const std::vector<int32_t>&)>& callback,
            const std::set<int32_t>& numbers) {
    std::vector<int32_t> gone;
    std::set_intersection(held_.begin(), held_.end(), numbers.begin(), numbers.end(),
                          std::back_inserter(gone));
    for (const int32_t number : gone) held_.erase(number);
    if (callback && !gone.empty()) callback(gone);
  }

  const GroupMemberOptions options_;
  Client client_;
  QueueHandle events_;  // To wake up the thread.
  std::atomic<bool> stopping_ = false;
  std::set<int32_t> held_;  // Only on the thread.
  bool assigned_ = false;   // At least once. Only on the thread.
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GroupMember>> GroupMember::Create(const KafkaConfig& config,
                                                                 GroupMemberOptions options) {
  if (options.group.empty() || options.topic.empty()) {
    return absl::InvalidArgumentError("a group member needs a group and a topic");
  }
  auto member = std::make_unique<KafkaGroupMember>(std::move(options));
  const absl::Status opened = member->Open(config);
  if (!opened.ok()) return opened;
  return member;
}

}  // namespace trama::platform
