#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/platform/base/settings.h"
#include "services/platform/base/yaml.h"
#include "services/platform/kafka/embedded_topics.h"
#include "services/platform/kafka/topics.h"

// Reads deploy/topics.yaml. Strict: a field that is not known is a typing mistake.
namespace trama::platform {
namespace {

constexpr int32_t kPartitionsMax = 10'000;
constexpr size_t kTopicsFileBytesMax = 1 << 20;

// Collects the first mistake; reading goes on with defaults after it.
class FileReader {
 public:
  absl::StatusOr<TopicsFile> Read(const YAML::Node& root, const std::string& cluster) {
    place_ = "topics file";
    CheckFields(root, {"clusters", "services", "topics"});
    ReadCluster(root["clusters"], cluster);
    ReadServices(root["services"]);
    place_ = "topics file";
    if (!root["topics"].IsSequence()) Fail("topics", "must be a list");
    for (const YAML::Node& node : root["topics"]) {
      if (status_.ok()) ReadTopic(node);
    }
    if (!status_.ok()) return status_;
    return std::move(file_);
  }

 private:
  void Fail(const std::string& field, const std::string& what) {
    if (status_.ok()) {
      status_ = absl::InvalidArgumentError(absl::StrCat(place_, ": ", field, " ", what));
    }
  }

  void CheckFields(const YAML::Node& node, const std::set<std::string>& known) {
    if (!node.IsMap()) return Fail("entry", "must be a map");
    for (const auto& field : node) {
      const std::string name = field.first.as<std::string>();
      if (!known.contains(name)) Fail(name, "is not a known field");
    }
  }

  void ReadCluster(const YAML::Node& clusters, const std::string& cluster) {
    if (!clusters.IsMap() || !clusters[cluster].IsMap()) {
      return Fail("clusters", absl::StrCat("has no entry \"", cluster, "\", see --topics_cluster"));
    }
    const YAML::Node& node = clusters[cluster];
    place_ = absl::StrCat("topics file: cluster ", cluster);
    CheckFields(node, {"numbers", "keyed", "replication", "min_insync"});
    file_.numbers = Count(node, "numbers", kPartitionsMax);
    keyed_ = Count(node, "keyed", kPartitionsMax);
    file_.replication = Count(node, "replication", 100);
    file_.min_insync = Count(node, "min_insync", file_.replication);
  }

  void ReadServices(const YAML::Node& services) {
    place_ = "topics file";
    if (!services) return;
    if (!services.IsMap()) return Fail("services", "must be a map");
    for (const auto& entry : services) {
      ServiceSpec service;
      service.name = entry.first.as<std::string>();
      const YAML::Node& node = entry.second;
      place_ = absl::StrCat("topics file: service ", service.name);
      CheckFields(node, {"channel", "groups", "transactional_ids", "sees", "operator"});
      if (!status_.ok()) return;
      service.channel = Flag(node, "channel");
      service.person = Flag(node, "operator");
      if (node["groups"]) service.groups = Names(node, "groups");
      if (node["sees"]) service.sees = Names(node, "sees");
      if (node["transactional_ids"]) service.transactional_ids = Text(node, "transactional_ids");
      file_.services.push_back(std::move(service));
    }
  }

  void ReadTopic(const YAML::Node& node) {
    place_ = "topics file: topic";
    CheckFields(node, {"name", "key", "value", "says", "partitions", "cleanup", "keep", "internal",
                       "personal", "written_by", "read_by", "tuning"});
    if (!status_.ok()) return;
    TopicSpec topic;
    topic.name = Text(node, "name");
    place_ = absl::StrCat("topics file: topic ", topic.name);
    if (file_.Find(topic.name) != nullptr) Fail("name", "is declared twice");
    topic.key = Text(node, "key");
    topic.value = Text(node, "value");
    topic.says = Text(node, "says");
    const std::string partitions = Text(node, "partitions");
    topic.numbered = partitions == "numbers";
    topic.partitions = topic.numbered          ? file_.numbers
                       : partitions == "keyed" ? keyed_
                                               : Count(node, "partitions", kPartitionsMax);
    const std::string cleanup = Text(node, "cleanup");
    topic.compacted = cleanup == "compact";
    if (!topic.compacted && cleanup != "delete") Fail("cleanup", "must be delete or compact");
    topic.keep = Keep(node);
    if (topic.compacted && topic.keep != absl::InfiniteDuration()) {
      Fail("keep", "must be forever for a compacted topic");
    }
    topic.internal = Flag(node, "internal");
    topic.personal = Flag(node, "personal");
    topic.written_by = Names(node, "written_by");
    topic.read_by = Names(node, "read_by");
    if (node["tuning"]) {
      for (const auto& setting : node["tuning"]) {
        topic.tuning[setting.first.as<std::string>()] = setting.second.as<std::string>();
      }
    }
    file_.topics.push_back(std::move(topic));
  }

  std::string Text(const YAML::Node& node, const char* field) {
    const std::string text = node[field] ? node[field].as<std::string>() : "";
    if (text.empty()) Fail(field, "is missing");
    return text;
  }

  bool Flag(const YAML::Node& node, const char* field) {
    return node[field] && node[field].as<bool>();
  }

  int32_t Count(const YAML::Node& node, const char* field, int32_t max) {
    int32_t count = 0;
    if (!absl::SimpleAtoi(Text(node, field), &count) || count < 1 || count > max) {
      Fail(field, absl::StrCat("must be a count between 1 and ", max));
    }
    return count;
  }

  // absl::ParseDuration knows no days.
  absl::Duration Keep(const YAML::Node& node) {
    const std::string text = Text(node, "keep");
    if (text == "forever") return absl::InfiniteDuration();
    int64_t days = 0;
    absl::Duration keep;
    if (absl::EndsWith(text, "d") && absl::SimpleAtoi(text.substr(0, text.size() - 1), &days)) {
      keep = absl::Hours(24 * days);
    } else if (!absl::ParseDuration(text, &keep)) {
      Fail("keep", absl::StrCat("\"", text, "\" is not a time, for example 30d or forever"));
    }
    if (keep < absl::Milliseconds(1)) Fail("keep", "must be at least 1ms");
    return keep;
  }

  std::vector<std::string> Names(const YAML::Node& node, const char* field) {
    if (!node[field] || !node[field].IsSequence()) {
      Fail(field, "must be a list of names");
      return {};
    }
    return node[field].as<std::vector<std::string>>();
  }

  TopicsFile file_;
  int32_t keyed_ = 0;
  std::string place_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<TopicsFile> ParseTopics(const std::string& yaml, const std::string& cluster) {
  try {
    return FileReader().Read(LoadYaml(yaml), cluster);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("topics file: ", error.what()));
  }
}

absl::StatusOr<TopicsFile> LoadTopics(const std::string& path, const std::string& cluster) {
  if (path.empty()) return ParseTopics(kafka_internal::kEmbeddedTopics, cluster);
  const absl::StatusOr<std::string> text = ReadSmallFile(path, kTopicsFileBytesMax);
  if (!text.ok()) return text.status();
  return ParseTopics(*text, cluster);
}

}  // namespace trama::platform
