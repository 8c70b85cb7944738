#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/platform/kafka/topics.h"

// Who may do what in Kafka, as it follows from deploy/topics.yaml. Pure; access_admin.h tells a
// cluster.
namespace trama::platform {

enum class AccessResource { kTopic, kGroup, kTransactionalId };
// With the numbers of Kafka's protocol. Our own rules use three of them; the others can be found in
// a cluster. Read and Write include Describe.
enum class AccessOperation {
  kAll = 2,
  kRead = 3,
  kWrite = 4,
  kCreate = 5,
  kDelete = 6,
  kAlter = 7,
  kDescribe = 8,
  kClusterAction = 9,
  kDescribeConfigs = 10,
  kAlterConfigs = 11,
  kIdempotentWrite = 12,
};

// "topic", "group", "transactional-id"; "Read", "Write", ...: as kafka-acls.sh has them.
std::string_view NameOf(AccessResource resource);
std::string_view NameOf(AccessOperation operation);

// One user may do one thing with one resource.
struct AccessRule {
  std::string user;  // "trama-sms"
  AccessResource resource = AccessResource::kTopic;
  std::string name;     // "*" means every name.
  bool prefix = false;  // Every name that begins so.
  AccessOperation operation = AccessOperation::kRead;

  auto operator<=>(const AccessRule&) const = default;
};

// Of whom the rules of a cluster are compared with the file; others' are left alone.
inline constexpr char kAccessUserPrefix[] = "trama-";

// "sms" → "trama-sms".
std::string AccessUser(std::string_view service);

// The topics that the service writes, reads or sees, in the file's order; none when the file does
// not know it.
std::vector<std::string> TopicsOf(const TopicsFile& file, std::string_view service);

// Everything that the services of the file need, in order, each rule once. INVALID_ARGUMENT when a
// topic names a service that is not declared: nobody could log in as it.
absl::StatusOr<std::vector<AccessRule>> AccessOf(const TopicsFile& file);

// What has to change so that exactly `wanted` holds for our users.
struct AccessChange {
  std::vector<AccessRule> add;
  std::vector<AccessRule> remove;
};
AccessChange CompareAccess(const std::vector<AccessRule>& wanted,
                           const std::vector<AccessRule>& found);

// "trama-sms may Write topic trama.deliveries.v1"
std::string ToText(const AccessRule& rule);

}  // namespace trama::platform
