#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/admin.h"

// The topics, as deploy/topics.yaml declares them. What each one says stands there.
namespace trama::platform {

inline constexpr char kInteractions[] = "trama.interactions.v1";
inline constexpr char kWork[] = "trama.work.v1";
inline constexpr char kConversations[] = "trama.conversations.v1";
inline constexpr char kAgents[] = "trama.agents.v1";
inline constexpr char kDeliveries[] = "trama.deliveries.v1";
inline constexpr char kSla[] = "trama.sla.v1";
inline constexpr char kProfiles[] = "trama.profiles.v1";
inline constexpr char kReports[] = "trama.reports.v1";
inline constexpr char kConfig[] = "trama.config.v1";
inline constexpr char kConfigHistory[] = "trama.config.history.v1";
inline constexpr char kOwners[] = "trama.owners.v1";
inline constexpr char kRoutingChangelog[] = "trama.routing.changelog.v1";
inline constexpr char kSlaChangelog[] = "trama.sla.changelog.v1";
inline constexpr char kDeadLetters[] = "trama.deadletter.v1";

// "email" → "trama.outbound.email.v1". Channel "note": what nobody delivers.
std::string OutboundTopic(std::string_view channel);

struct TopicSpec {
  std::string name;
  std::string key;    // What the key is, in words.
  std::string value;  // The message type.
  std::string says;   // One line of documentation.
  int32_t partitions = 1;
  bool numbered = false;  // A partition for each number: may grow in the topic's life.
  bool compacted = false;
  absl::Duration keep = absl::InfiniteDuration();  // Infinite: for ever.
  bool internal = false;                           // Not a contract with other teams.
  bool personal = false;                           // Holds personal data.
  std::vector<std::string> written_by;             // Services; "channels": every channel.
  std::vector<std::string> read_by;
  std::map<std::string, std::string> tuning;  // Further settings, Kafka's names; not compared.
};

// Somebody who logs in to Kafka.
struct ServiceSpec {
  std::string name;
  bool channel = false;             // One of the "channels" of written_by and read_by.
  bool person = false;              // An operator's tool: all topics.
  std::vector<std::string> groups;  // Consumer groups.
  std::string transactional_ids;    // How they begin; empty: none.
  std::vector<std::string> sees;    // Topics that it compares with this file, no more.
};

struct TopicsFile {
  int32_t numbers = 0;  // Partitions of every topic of the engines: how many numbers there are.
  int32_t replication = 1;
  int32_t min_insync = 1;
  std::vector<ServiceSpec> services;
  std::vector<TopicSpec> topics;

  const TopicSpec* Find(std::string_view name) const;
};

// The channels that a message can go out by, "note" among them, and the topic of each.
std::map<std::string, std::string> OutboundTopics(const TopicsFile& file);

// Reads the declaration for one of its `clusters` (sizes). Empty path: the one that was built in.
// Errors name topic and field.
absl::StatusOr<TopicsFile> LoadTopics(const std::string& path, const std::string& cluster);
absl::StatusOr<TopicsFile> ParseTopics(const std::string& yaml, const std::string& cluster);

// How Kafka is asked for a topic of this declaration.
NewTopic ToNewTopic(const TopicsFile& file, const TopicSpec& spec);

// Creates what is missing, and adds partitions to numbered topics that have fewer than declared;
// then the same as CheckTopics for all.
absl::Status EnsureTopics(Admin& admin, const TopicsFile& file, absl::Duration timeout);

// One thing in which the cluster is not as the file declares.
struct TopicDifference {
  std::string topic;
  std::string setting;  // "exists", "partitions", "replication" or Kafka's name of a setting.
  std::string actual;
  std::string wanted;
  // Breaks a promise to readers: services do not start with it. Others may be changed while they
  // run.
  bool breaks_promise = false;

  // "trama.work.v1 has 2 partitions instead of 4"
  std::string ToString() const;
};

// Every difference of the named topics, in their order. `names` empty: all topics of the file, and
// those of the cluster that begin with "trama." and are not declared.
absl::StatusOr<std::vector<TopicDifference>> DiffTopics(Admin& admin, const TopicsFile& file,
                                                        const std::vector<std::string>& names,
                                                        absl::Duration timeout);

// Every difference in partitions, cleanup and retention, in one FAILED_PRECONDITION; missing topics
// too. `names` empty: all topics of the file. A numbered topic may have more partitions than the
// file says: it has grown, and this process has the file of before.
absl::Status CheckTopics(Admin& admin, const TopicsFile& file,
                         const std::vector<std::string>& names, absl::Duration timeout);

}  // namespace trama::platform
