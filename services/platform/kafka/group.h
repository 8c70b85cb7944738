#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/platform/kafka/handles.h"

// Internal to this library: what GroupConsumer and GroupMember have in common.
namespace trama::platform::kafka_internal {

struct GroupSettings {
  std::string group;
  std::string instance_id;
  absl::Duration session_timeout;
  absl::Duration heartbeat_interval;
  absl::Duration max_poll_interval;
};

void SetGroupOptions(Client::Settings& settings, const GroupSettings& group);

absl::Status Subscribe(const Client& client, const std::vector<std::string>& topics);

// The answers that librdkafka wants from within a rebalance callback. What they cannot do is
// logged: the group goes on without this member and asks again.
void Accept(const Client& client, const PartitionList& partitions);
void GiveUp(const Client& client, const PartitionList& partitions);

using RebalanceCallback = void (*)(rd_kafka_t*, rd_kafka_resp_err_t,
                                   rd_kafka_topic_partition_list_t*, void*);

// librdkafka before 2.3 aborts the process when a client is destroyed that has joined a group and
// was never assigned anything, be it nothing (its issue 4312). So before leaving: polls until the
// rebalance callback has set `assigned`, as long as there is a join under way.
void AwaitFirstAssignment(const Client& client, const bool& assigned);

// Gives all partitions back through `on_rebalance` and leaves the group. When the broker does not
// answer, the group finds out by itself.
void Leave(const Client& client, RebalanceCallback on_rebalance);

}  // namespace trama::platform::kafka_internal
