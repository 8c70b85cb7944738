#include "services/platform/kafka/topics.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

constexpr char kOutboundPrefix[] = "trama.outbound.";
constexpr char kOutboundSuffix[] = ".v1";

// What is compared with the cluster: a difference in these breaks a promise to readers.
struct Promise {
  std::string cleanup;    // cleanup.policy
  std::string retention;  // retention.ms; empty where nothing is deleted by age.
};

Promise PromiseOf(const TopicSpec& spec) {
  if (spec.compacted) return {"compact", ""};
  if (spec.keep == absl::InfiniteDuration()) return {"delete", "-1"};
  return {"delete", absl::StrCat(absl::ToInt64Milliseconds(spec.keep))};
}

void Compare(const TopicSpec& spec, const std::map<std::string, std::string>& found,
             std::vector<std::string>& differences) {
  const Promise promise = PromiseOf(spec);
  const auto differs = [&](const std::string& setting, const std::string& wanted) {
    const auto it = found.find(setting);
    const std::string actual = it == found.end() ? "" : it->second;
    if (wanted.empty() || actual == wanted) return;
    differences.push_back(
        absl::StrCat(spec.name, " has ", setting, "=", actual, " instead of ", wanted));
  };
  differs("cleanup.policy", promise.cleanup);
  differs("retention.ms", promise.retention);
  // A limit by size would delete before the time.
  if (!spec.compacted) differs("retention.bytes", "-1");
}

}  // namespace

std::string OutboundTopic(std::string_view channel) {
  return absl::StrCat(kOutboundPrefix, ToAbsl(channel), kOutboundSuffix);
}

std::map<std::string, std::string> OutboundTopics(const TopicsFile& file) {
  std::map<std::string, std::string> topics;
  for (const TopicSpec& topic : file.topics) {
    absl::string_view channel = topic.name;
    if (absl::ConsumePrefix(&channel, kOutboundPrefix) &&
        absl::ConsumeSuffix(&channel, kOutboundSuffix)) {
      topics[std::string(channel)] = topic.name;
    }
  }
  return topics;
}

const TopicSpec* TopicsFile::Find(std::string_view name) const {
  for (const TopicSpec& topic : topics) {
    if (topic.name == name) return &topic;
  }
  return nullptr;
}

NewTopic ToNewTopic(const TopicsFile& file, const TopicSpec& spec) {
  NewTopic topic = {.name = spec.name,
                    .partitions = spec.partitions,
                    .replication = file.replication,
                    .config = spec.tuning};
  const Promise promise = PromiseOf(spec);
  topic.config["cleanup.policy"] = promise.cleanup;
  if (!promise.retention.empty()) topic.config["retention.ms"] = promise.retention;
  topic.config["min.insync.replicas"] = absl::StrCat(file.min_insync);
  return topic;
}

absl::Status EnsureTopics(Admin& admin, const TopicsFile& file, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  const auto counts = admin.PartitionCounts(timeout);
  if (!counts.ok()) return counts.status();
  std::vector<NewTopic> missing;
  for (const TopicSpec& spec : file.topics) {
    if (!counts->contains(spec.name)) missing.push_back(ToNewTopic(file, spec));
  }
  const absl::Status created = admin.CreateTopics(missing, deadline - absl::Now());
  if (!created.ok()) return created;
  return CheckTopics(admin, file, {}, deadline - absl::Now());
}

absl::Status CheckTopics(Admin& admin, const TopicsFile& file,
                         const std::vector<std::string>& names, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  std::vector<std::string> wanted = names;
  if (wanted.empty()) {
    for (const TopicSpec& spec : file.topics) wanted.push_back(spec.name);
  }
  const auto counts = admin.PartitionCounts(timeout);
  if (!counts.ok()) return counts.status();
  std::vector<std::string> differences;
  std::vector<std::string> present;
  for (const std::string& name : wanted) {
    const TopicSpec* spec = file.Find(name);
    const auto count = counts->find(name);
    if (spec == nullptr) {
      differences.push_back(absl::StrCat(name, " is not declared"));
    } else if (count == counts->end()) {
      differences.push_back(absl::StrCat(name, " does not exist"));
    } else {
      present.push_back(name);
      if (count->second == spec->partitions) continue;
      differences.push_back(
          absl::StrCat(name, " has ", count->second, " partitions instead of ", spec->partitions));
    }
  }
  const auto settings = admin.DescribeConfigs(present, deadline - absl::Now());
  if (!settings.ok()) return settings.status();
  for (const std::string& name : present) {
    const auto found = settings->find(name);
    if (found != settings->end()) Compare(*file.Find(name), found->second, differences);
  }
  if (differences.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the cluster's topics differ from the topics file: ", absl::StrJoin(differences, "; "),
      "; correct one of the two"));
}

}  // namespace trama::platform
