#include "services/platform/kafka/group.h"

#include "absl/time/clock.h"
#include "services/platform/base/milliseconds.h"

namespace trama::platform::kafka_internal {
namespace {

constexpr int kError = 3;

// New topics and new partitions of known ones are found within this time.
constexpr absl::Duration kMetadataInterval = absl::Seconds(10);

constexpr absl::Duration kLeaveWaitMax = absl::Seconds(5);
constexpr absl::Duration kLeavePoll = absl::Milliseconds(50);

void LogFailure(const Client& client, const absl::Status& status) {
  if (!status.ok()) client.Log(kError, "REBALANCE", std::string(status.message()));
}

}  // namespace

void SetGroupOptions(Client::Settings& settings, const GroupSettings& group) {
  settings.Set("group.id", group.group);
  if (!group.instance_id.empty()) settings.Set("group.instance.id", group.instance_id);
  settings.Set("session.timeout.ms", group.session_timeout);
  settings.Set("heartbeat.interval.ms", group.heartbeat_interval);
  settings.Set("max.poll.interval.ms", group.max_poll_interval);
  settings.Set("partition.assignment.strategy", "cooperative-sticky");
  settings.Set("topic.metadata.refresh.interval.ms", kMetadataInterval);
}

absl::Status Subscribe(const Client& client, const std::vector<std::string>& topics) {
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(topics.size())));
  for (const std::string& topic : topics) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  return client.Error(rd_kafka_subscribe(client.get(), list.get()), "subscribe");
}

void Accept(const Client& client, const PartitionList& partitions) {
  LogFailure(client, client.Error(rd_kafka_incremental_assign(client.get(), partitions.get()),
                                  "take partitions"));
}

void GiveUp(const Client& client, const PartitionList& partitions) {
  LogFailure(client, client.Error(rd_kafka_incremental_unassign(client.get(), partitions.get()),
                                  "give partitions back"));
}

void AwaitFirstAssignment(const Client& client, const bool& assigned) {
  const absl::Time deadline = absl::Now() + kLeaveWaitMax;
  while (!assigned && absl::Now() < deadline) {
    char* const member = rd_kafka_memberid(client.get());
    const bool has_joined = member != nullptr && *member != '\0';
    if (member != nullptr) rd_kafka_mem_free(client.get(), member);
    if (!has_joined) return;
    const MessageHandle dropped(rd_kafka_consumer_poll(client.get(), Milliseconds(kLeavePoll)));
  }
}

void Leave(const Client& client, RebalanceCallback on_rebalance) {
  const absl::Time deadline = absl::Now() + kLeaveWaitMax;
  const QueueHandle queue(rd_kafka_queue_new(client.get()));
  // After a fatal error it is closed already.
  if (!client.Error(rd_kafka_consumer_close_queue(client.get(), queue.get()), "leave").ok()) return;
  while (rd_kafka_consumer_closed(client.get()) == 0 && absl::Now() < deadline) {
    const EventHandle event(rd_kafka_queue_poll(queue.get(), Milliseconds(kLeavePoll)));
    if (event == nullptr || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_REBALANCE) continue;
    on_rebalance(client.get(), rd_kafka_event_error(event.get()),
                 rd_kafka_event_topic_partition_list(event.get()), rd_kafka_opaque(client.get()));
  }
}

}  // namespace trama::platform::kafka_internal
