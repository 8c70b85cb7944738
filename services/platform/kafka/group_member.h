#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/record.h"

namespace trama::platform {

struct GroupMemberOptions {
  std::string group;
  // A stable slot ("routing-0"): a restart within session_timeout resumes at once. Empty: a dynamic
  // member, whose partitions move as soon as it leaves.
  std::string instance_id;
  // The partitions of this topic are what is distributed.
  std::string topic;
  absl::Duration session_timeout = absl::Seconds(6);
  absl::Duration heartbeat_interval = absl::Milliseconds(1500);
  // Longer in a callback than this, and the partitions go to others.
  absl::Duration callback_time_max = absl::Minutes(1);

  // From the member's thread. The others of the group wait for on_revoked to return. Every number
  // that was assigned is revoked or lost once, at the latest by the destructor. on_assigned comes
  // with no number too, when the group has answered and has nothing (more) for us.
  std::function<void(const std::vector<int32_t>&)> on_assigned;
  std::function<void(const std::vector<int32_t>&)> on_revoked;
  // Others may own these already. Not set: on_revoked.
  std::function<void(const std::vector<int32_t>&)> on_lost;
  // Once: this member is out for good, for example because another process took its instance_id.
  std::function<void(const absl::Status&)> on_fatal;
};

// Membership of a consumer group that only says which partition numbers are ours: it reads no
// record and commits no offset. Numbers move one by one (cooperative-sticky).
//
// Ownership said here is a hint: two members may both believe for a while that they own a number.
// TransactionalProducer::Init() is what settles it.
class GroupMember {
 public:
  static absl::StatusOr<std::unique_ptr<GroupMember>> Create(const KafkaConfig& config,
                                                             GroupMemberOptions options);
  // Revokes everything, leaves the group (a dynamic member at once; the slot of a static one is
  // kept for session_timeout) and waits for its thread.
  virtual ~GroupMember() = default;

  // Notes how far the partitions of any topics were read, for those who watch the group's lag. Does
  // not wait, and nobody begins there: a note that does not arrive is made up for by the next one.
  // From any thread.
  virtual void NotePositions(const std::vector<TopicPartitionOffset>& positions) = 0;
};

}  // namespace trama::platform
