#include "services/platform/kafka/topics.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

constexpr absl::Duration kTopicLookAgain = absl::Milliseconds(50);
// No cluster takes longer to tell all its brokers.
constexpr absl::Duration kLearnMax = absl::Seconds(5);

constexpr char kOurs[] = "trama.";  // How the names of our topics begin.
constexpr char kOutboundPrefix[] = "trama.outbound.";
constexpr char kOutboundSuffix[] = ".v1";

// What readers were promised: how records go.
struct Promise {
  std::string cleanup;    // cleanup.policy
  std::string retention;  // retention.ms; empty where nothing is deleted by age.
};

Promise PromiseOf(const TopicSpec& spec) {
  if (spec.compacted) return {"compact", ""};
  if (spec.keep == absl::InfiniteDuration()) return {"delete", "-1"};
  return {"delete", absl::StrCat(absl::ToInt64Milliseconds(spec.keep))};
}

// Compares topics of one cluster with one file.
class Comparison {
 public:
  explicit Comparison(const TopicsFile& file) : file_(file) {}

  // Missing, undeclared, of another size. True when its settings can be compared too.
  bool CompareShape(const std::string& name, const std::map<std::string, int32_t>& partitions,
                    const std::map<std::string, int32_t>& replicas) {
    const TopicSpec* spec = file_.Find(name);
    const auto count = partitions.find(name);
    if (spec == nullptr || count == partitions.end()) {
      Add(name, "exists", count == partitions.end() ? "no" : "yes", spec == nullptr ? "no" : "yes",
          true);
      return false;
    }
    if (count->second != spec->partitions) {
      const bool has_grown = spec->numbered && count->second > spec->partitions;
      Add(name, "partitions", absl::StrCat(count->second), absl::StrCat(spec->partitions),
          !has_grown);
    }
    const auto copies = replicas.find(name);
    if (copies != replicas.end() && copies->second != file_.replication) {
      Add(name, "replication", absl::StrCat(copies->second), absl::StrCat(file_.replication),
          false);
    }
    return true;
  }

  void CompareSettings(const TopicSpec& spec, const std::map<std::string, std::string>& found) {
    const Promise promise = PromiseOf(spec);
    CompareSetting(spec.name, found, "cleanup.policy", promise.cleanup, true);
    CompareSetting(spec.name, found, "retention.ms", promise.retention, true);
    // A limit by size would delete before the time.
    if (!spec.compacted) CompareSetting(spec.name, found, "retention.bytes", "-1", true);
    CompareSetting(spec.name, found, "min.insync.replicas", absl::StrCat(file_.min_insync), false);
    for (const auto& [setting, wanted] : spec.tuning) {
      CompareSetting(spec.name, found, setting, wanted, false);
    }
  }

  void AddUndeclared(const std::string& name) { Add(name, "exists", "yes", "no", false); }

  std::vector<TopicDifference> Take() { return std::move(differences_); }

 private:
  void CompareSetting(const std::string& topic, const std::map<std::string, std::string>& found,
                      const std::string& setting, const std::string& wanted, bool breaks_promise) {
    const auto it = found.find(setting);
    const std::string actual = it == found.end() ? "" : it->second;
    if (wanted.empty() || actual == wanted) return;
    Add(topic, setting, actual, wanted, breaks_promise);
  }

  void Add(const std::string& topic, const std::string& setting, const std::string& actual,
           const std::string& wanted, bool breaks_promise) {
    differences_.push_back({topic, setting, actual, wanted, breaks_promise});
  }

  const TopicsFile& file_;
  std::vector<TopicDifference> differences_;
};

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
  std::map<std::string, int32_t> growing;
  for (const TopicSpec& spec : file.topics) {
    const auto count = counts->find(spec.name);
    if (count == counts->end()) {
      missing.push_back(ToNewTopic(file, spec));
    } else if (spec.numbered && count->second < spec.partitions) {
      growing[spec.name] = spec.partitions;
    }
  }
  const absl::Status created = admin.CreateTopics(missing, deadline - absl::Now());
  if (!created.ok()) return created;
  const absl::Status grown = admin.GrowTopics(growing, deadline - absl::Now());
  if (!grown.ok()) return grown;
  absl::Status checked = CheckTopics(admin, file, {}, deadline - absl::Now());
  if (missing.empty() && growing.empty()) return checked;
  // Brokers learn of a change one after the other: another one may be asked than has made it.
  const absl::Time known = std::min(deadline, absl::Now() + kLearnMax);
  while (!checked.ok() && absl::Now() < known) {
    absl::SleepFor(kTopicLookAgain);
    checked = CheckTopics(admin, file, {}, deadline - absl::Now());
  }
  return checked;
}

std::string TopicDifference::ToString() const {
  if (setting == "exists") {
    return absl::StrCat(topic, wanted == "yes" ? " does not exist" : " is not declared");
  }
  if (setting == "partitions") {
    return absl::StrCat(topic, " has ", actual, " partitions instead of ", wanted);
  }
  return absl::StrCat(topic, " has ", setting, "=", actual, " instead of ", wanted);
}

absl::StatusOr<std::vector<TopicDifference>> DiffTopics(Admin& admin, const TopicsFile& file,
                                                        const std::vector<std::string>& names,
                                                        absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  std::vector<std::string> wanted = names;
  if (wanted.empty()) {
    for (const TopicSpec& spec : file.topics) wanted.push_back(spec.name);
  }
  const auto counts = admin.PartitionCounts(timeout);
  if (!counts.ok()) return counts.status();
  const auto replicas = admin.ReplicaCounts(deadline - absl::Now());
  if (!replicas.ok()) return replicas.status();
  Comparison comparison(file);
  std::vector<std::string> present;
  for (const std::string& name : wanted) {
    if (comparison.CompareShape(name, *counts, *replicas)) present.push_back(name);
  }
  const auto settings = admin.DescribeConfigs(present, deadline - absl::Now());
  if (!settings.ok()) return settings.status();
  for (const std::string& name : present) {
    const auto found = settings->find(name);
    if (found != settings->end()) comparison.CompareSettings(*file.Find(name), found->second);
  }
  for (const auto& [name, count] : *counts) {
    const bool is_ours = absl::StartsWith(name, kOurs);
    if (names.empty() && is_ours && file.Find(name) == nullptr) comparison.AddUndeclared(name);
  }
  return comparison.Take();
}

absl::Status CheckTopics(Admin& admin, const TopicsFile& file,
                         const std::vector<std::string>& names, absl::Duration timeout) {
  const auto differences = DiffTopics(admin, file, names, timeout);
  if (!differences.ok()) return differences.status();
  std::vector<std::string> broken;
  for (const TopicDifference& difference : *differences) {
    if (difference.breaks_promise) broken.push_back(difference.ToString());
  }
  if (broken.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the cluster's topics differ from the topics file: ", absl::StrJoin(broken, "; "),
      "; correct one of the two"));
}

}  // namespace trama::platform
