#include "services/channels/common/delivery_loop.h"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/channels/common/delivery_metrics.h"
#include "services/channels/common/delivery_partition.h"
#include "services/platform/base/log.h"
#include "services/platform/kafka/group_member.h"
#include "services/platform/kafka/topics.h"

namespace trama::channels {

namespace {

class Loop final : public DeliveryLoop {
 public:
  Loop(const platform::KafkaConfig& kafka, DeliveryLoopOptions options, Sender& sender,
       AccountsNow accounts, boost::asio::io_context& io, const platform::Clock& clock,
       platform::Metrics& metrics, platform::Health& health)
      : kafka_(kafka),
        options_(std::move(options)),
        accounts_(std::move(accounts)),
        metrics_(metrics),
        wiring_{kafka_, options_, sender, accounts_, io, clock, metrics_, health} {}

  ~Loop() override { Stop(); }

  absl::Status Join() {
    platform::GroupMemberOptions group;
    group.group = options_.group_of_members;
    group.instance_id = options_.instance_id;
    group.topic = options_.outbound_topic;
    group.callback_time_max = options_.drain_max + absl::Seconds(45);
    group.on_assigned = [this](const std::vector<int32_t>& numbers) { Add(numbers); };
    group.on_revoked = [this](const std::vector<int32_t>& numbers) { Remove(numbers, true); };
    group.on_lost = [this](const std::vector<int32_t>& numbers) { Remove(numbers, false); };
    group.on_fatal = [this](const absl::Status& why) {
      if (options_.on_fatal) options_.on_fatal(why);
    };
    auto member = platform::GroupMember::Create(kafka_, std::move(group));
    if (!member.ok()) return member.status();
    member_ = *std::move(member);
    return absl::OkStatus();
  }

  void Stop() override {
    // Revokes every number, which drains it.
    member_.reset();
  }

 private:
  using Partitions = std::map<int32_t, std::unique_ptr<DeliveryPartition>>;

  // Both from the member's thread.
  void Add(const std::vector<int32_t>& numbers) {
    for (const int32_t number : numbers) {
      partitions_[number] = std::make_unique<DeliveryPartition>(wiring_, number);
    }
  }

  void Remove(const std::vector<int32_t>& numbers, bool drain) {
    Partitions leaving;
    for (const int32_t number : numbers) {
      if (auto node = partitions_.extract(number)) leaving.insert(std::move(node));
    }
    // All drain at the same time.
    for (auto& [number, partition] : leaving) partition->Stop(drain);
    for (auto& [number, partition] : leaving) partition->Join();
  }

  const platform::KafkaConfig kafka_;
  const DeliveryLoopOptions options_;
  const AccountsNow accounts_;
  DeliveryMetrics metrics_;
  const DeliveryWiring wiring_;
  Partitions partitions_;
  std::unique_ptr<platform::GroupMember> member_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<DeliveryLoop>> DeliveryLoop::Start(
    const platform::KafkaConfig& kafka, DeliveryLoopOptions options, Sender& sender,
    AccountsNow accounts, boost::asio::io_context& io, const platform::Clock& clock,
    platform::Metrics& metrics, platform::Health& health) {
  if (options.rules.channel.empty()) {
    return absl::InvalidArgumentError("rules.channel is empty, name the channel, such as sms");
  }
  if (options.outbound_topic.empty()) {
    options.outbound_topic = platform::OutboundTopic(options.rules.channel);
  }
  if (options.group.empty()) {
    options.group = absl::StrCat("trama-", options.rules.channel, "-delivery");
  }
  if (options.group_of_members.empty()) options.group_of_members = options.group + ".members";
  auto loop = std::make_unique<Loop>(kafka, std::move(options), sender, std::move(accounts), io,
                                     clock, metrics, health);
  if (absl::Status joined = loop->Join(); !joined.ok()) return joined;
  return loop;
}

}  // namespace trama::channels
