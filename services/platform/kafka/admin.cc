#include "services/platform/kafka/admin.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/base/milliseconds.h"
#include "services/platform/kafka/admin_call.h"
#include "services/platform/kafka/errors.h"

namespace trama::platform {
namespace {

using kafka_internal::AdminOptions;
using kafka_internal::Client;
using kafka_internal::Destroyer;
using kafka_internal::MetadataHandle;
using kafka_internal::Pointers;
using kafka_internal::QueueHandle;
using kafka_internal::WaitForAnswer;

using NewTopicHandle = std::unique_ptr<rd_kafka_NewTopic_t, Destroyer<rd_kafka_NewTopic_destroy>>;
using NewPartitionsHandle =
    std::unique_ptr<rd_kafka_NewPartitions_t, Destroyer<rd_kafka_NewPartitions_destroy>>;
using DeleteTopicHandle =
    std::unique_ptr<rd_kafka_DeleteTopic_t, Destroyer<rd_kafka_DeleteTopic_destroy>>;
using DeleteGroupHandle =
    std::unique_ptr<rd_kafka_DeleteGroup_t, Destroyer<rd_kafka_DeleteGroup_destroy>>;
using DeleteRecordsHandle =
    std::unique_ptr<rd_kafka_DeleteRecords_t, Destroyer<rd_kafka_DeleteRecords_destroy>>;
using ResourceHandle =
    std::unique_ptr<rd_kafka_ConfigResource_t, Destroyer<rd_kafka_ConfigResource_destroy>>;

// Metadata spreads within milliseconds; asked again until the deadline.
constexpr absl::Duration kMetadataPause = absl::Milliseconds(20);

class KafkaAdmin final : public Admin {
 public:
  absl::Status Open(const KafkaConfig& config) {
    return client_.Open(RD_KAFKA_PRODUCER, Client::Settings(config), this);
  }

  absl::Status CreateTopics(const std::vector<NewTopic>& topics, absl::Duration timeout) override {
    if (topics.empty()) return absl::OkStatus();
    const absl::Time deadline = absl::Now() + timeout;
    std::vector<NewTopicHandle> handles;
    for (const NewTopic& topic : topics) {
      std::array<char, 512> error = {};
      NewTopicHandle handle(rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions,
                                                  topic.replication, error.data(), error.size()));
      if (handle == nullptr) {
        return absl::InvalidArgumentError(absl::StrCat("topic ", topic.name, ": ", error.data()));
      }
      for (const auto& [name, value] : topic.config) {
        rd_kafka_NewTopic_set_config(handle.get(), name.c_str(), value.c_str());
      }
      handles.push_back(std::move(handle));
    }
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    auto pointers = Pointers(handles);
    rd_kafka_CreateTopics(client_.get(), pointers.data(), pointers.size(),
                          AdminOptions(client_, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout).get(),
                          queue.get());
    const auto answer = WaitForAnswer(client_, queue, deadline, "create topics");
    if (!answer.ok()) return answer.status();
    size_t count = 0;
    const rd_kafka_topic_result_t** results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(answer->get()), &count);
    const absl::Status created =
        FirstFailure(results, count, "create topic", RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS);
    return created.ok() ? WaitForMetadata(topics, deadline) : created;
  }

  absl::Status DeleteTopics(const std::vector<std::string>& topics,
                            absl::Duration timeout) override {
    if (topics.empty()) return absl::OkStatus();
    std::vector<DeleteTopicHandle> handles;
    for (const std::string& topic : topics) {
      handles.emplace_back(rd_kafka_DeleteTopic_new(topic.c_str()));
    }
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    auto pointers = Pointers(handles);
    rd_kafka_DeleteTopics(client_.get(), pointers.data(), pointers.size(),
                          AdminOptions(client_, RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout).get(),
                          queue.get());
    const auto answer = WaitForAnswer(client_, queue, absl::Now() + timeout, "delete topics");
    if (!answer.ok()) return answer.status();
    size_t count = 0;
    const rd_kafka_topic_result_t** results = rd_kafka_DeleteTopics_result_topics(
        rd_kafka_event_DeleteTopics_result(answer->get()), &count);
    return FirstFailure(results, count, "delete topic", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  }

  absl::Status GrowTopics(const std::map<std::string, int32_t>& partitions,
                          absl::Duration timeout) override {
    if (partitions.empty()) return absl::OkStatus();
    const absl::Time deadline = absl::Now() + timeout;
    std::vector<NewPartitionsHandle> handles;
    std::vector<NewTopic> grown;
    for (const auto& [name, count] : partitions) {
      std::array<char, 512> error = {};
      NewPartitionsHandle handle(
          rd_kafka_NewPartitions_new(name.c_str(), count, error.data(), error.size()));
      if (handle == nullptr) {
        return absl::InvalidArgumentError(absl::StrCat("topic ", name, ": ", error.data()));
      }
      handles.push_back(std::move(handle));
      grown.push_back({.name = name, .partitions = count});
    }
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    auto pointers = Pointers(handles);
    rd_kafka_CreatePartitions(
        client_.get(), pointers.data(), pointers.size(),
        AdminOptions(client_, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, timeout).get(), queue.get());
    const auto answer = WaitForAnswer(client_, queue, deadline, "add partitions");
    if (!answer.ok()) return answer.status();
    size_t count = 0;
    const rd_kafka_topic_result_t** results = rd_kafka_CreatePartitions_result_topics(
        rd_kafka_event_CreatePartitions_result(answer->get()), &count);
    const absl::Status added =
        FirstFailure(results, count, "add partitions to", RD_KAFKA_RESP_ERR_NO_ERROR);
    return added.ok() ? WaitForMetadata(grown, deadline) : added;
  }

  absl::StatusOr<std::map<std::string, int32_t>> PartitionCounts(absl::Duration timeout) override {
    const absl::StatusOr<MetadataHandle> metadata = Metadata(timeout);
    if (!metadata.ok()) return metadata.status();
    std::map<std::string, int32_t> counts;
    for (int i = 0; i < (*metadata)->topic_cnt; ++i) {
      counts[(*metadata)->topics[i].topic] = (*metadata)->topics[i].partition_cnt;
    }
    return counts;
  }

  absl::StatusOr<std::map<std::string, int32_t>> ReplicaCounts(absl::Duration timeout) override {
    const absl::StatusOr<MetadataHandle> metadata = Metadata(timeout);
    if (!metadata.ok()) return metadata.status();
    std::map<std::string, int32_t> counts;
    for (int i = 0; i < (*metadata)->topic_cnt; ++i) {
      const auto& topic = (*metadata)->topics[i];
      for (int k = 0; k < topic.partition_cnt; ++k) {
        const int32_t replicas = topic.partitions[k].replica_cnt;
        const auto [fewest, is_first] = counts.emplace(topic.topic, replicas);
        fewest->second = std::min(fewest->second, replicas);
      }
    }
    return counts;
  }

  absl::StatusOr<std::map<std::string, std::map<std::string, std::string>>> DescribeConfigs(
      const std::vector<std::string>& topics, absl::Duration timeout) override {
    std::map<std::string, std::map<std::string, std::string>> settings;
    if (topics.empty()) return settings;
    std::vector<ResourceHandle> handles;
    for (const std::string& topic : topics) {
      handles.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
    }
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    auto pointers = Pointers(handles);
    rd_kafka_DescribeConfigs(
        client_.get(), pointers.data(), pointers.size(),
        AdminOptions(client_, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout).get(), queue.get());
    const auto answer = WaitForAnswer(client_, queue, absl::Now() + timeout, "describe topics");
    if (!answer.ok()) return answer.status();
    size_t count = 0;
    const rd_kafka_ConfigResource_t** resources = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(answer->get()), &count);
    for (size_t i = 0; i < count; ++i) {
      const std::string name = rd_kafka_ConfigResource_name(resources[i]);
      const char* text = rd_kafka_ConfigResource_error_string(resources[i]);
      const absl::Status described =
          client_.Error(rd_kafka_ConfigResource_error(resources[i]), "describe topic " + name,
                        text == nullptr ? "" : text);
      if (!described.ok()) return described;
      size_t entry_count = 0;
      const rd_kafka_ConfigEntry_t** entries =
          rd_kafka_ConfigResource_configs(resources[i], &entry_count);
      for (size_t k = 0; k < entry_count; ++k) {
        const char* value = rd_kafka_ConfigEntry_value(entries[k]);
        settings[name][rd_kafka_ConfigEntry_name(entries[k])] = value == nullptr ? "" : value;
      }
    }
    return settings;
  }

  absl::Status DeleteRecords(const std::vector<TopicPartitionOffset>& before,
                             absl::Duration timeout) override {
    if (before.empty()) return absl::OkStatus();
    const kafka_internal::PartitionList list = kafka_internal::ToList(before);
    const DeleteRecordsHandle handle(rd_kafka_DeleteRecords_new(list.get()));
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    rd_kafka_DeleteRecords_t* pointer = handle.get();
    rd_kafka_DeleteRecords(client_.get(), &pointer, 1,
                           AdminOptions(client_, RD_KAFKA_ADMIN_OP_DELETERECORDS, timeout).get(),
                           queue.get());
    const auto answer = WaitForAnswer(client_, queue, absl::Now() + timeout, "delete records");
    if (!answer.ok()) return answer.status();
    return kafka_internal::FirstError(
        *rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(answer->get())),
        "delete records");
  }

  absl::Status DeleteGroup(const std::string& group, absl::Duration timeout) override {
    const DeleteGroupHandle handle(rd_kafka_DeleteGroup_new(group.c_str()));
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    rd_kafka_DeleteGroup_t* pointer = handle.get();
    rd_kafka_DeleteGroups(client_.get(), &pointer, 1,
                          AdminOptions(client_, RD_KAFKA_ADMIN_OP_DELETEGROUPS, timeout).get(),
                          queue.get());
    const auto answer =
        WaitForAnswer(client_, queue, absl::Now() + timeout, "delete group " + group);
    if (!answer.ok()) return answer.status();
    size_t count = 0;
    const rd_kafka_group_result_t** results = rd_kafka_DeleteGroups_result_groups(
        rd_kafka_event_DeleteGroups_result(answer->get()), &count);
    for (size_t i = 0; i < count; ++i) {
      const rd_kafka_error_t* error = rd_kafka_group_result_error(results[i]);
      if (error == nullptr) continue;
      return client_.Error(rd_kafka_error_code(error), "delete group " + group,
                           rd_kafka_error_string(error));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status FirstFailure(const rd_kafka_topic_result_t** results, size_t count,
                            const std::string& doing, rd_kafka_resp_err_t harmless) {
    for (size_t i = 0; i < count; ++i) {
      const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == harmless) continue;
      const char* text = rd_kafka_topic_result_error_string(results[i]);
      return client_.Error(code, absl::StrCat(doing, " ", rd_kafka_topic_result_name(results[i])),
                           text == nullptr ? "" : text);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<MetadataHandle> Metadata(absl::Duration timeout) {
    const struct rd_kafka_metadata* metadata = nullptr;
    const absl::Status asked =
        client_.Error(rd_kafka_metadata(client_.get(), /*all_topics=*/1, nullptr, &metadata,
                                        Milliseconds(timeout)),
                      "read the metadata");
    if (!asked.ok()) return asked;
    return MetadataHandle(metadata);
  }

  absl::Status WaitForMetadata(const std::vector<NewTopic>& topics, absl::Time deadline) {
    while (true) {
      const absl::StatusOr<MetadataHandle> metadata = Metadata(deadline - absl::Now());
      if (!metadata.ok()) return metadata.status();
      std::string missing;
      for (const NewTopic& topic : topics) {
        if (!HasLeaders(**metadata, topic)) missing = topic.name;
      }
      if (missing.empty()) return absl::OkStatus();
      if (absl::Now() >= deadline) {
        return kafka_internal::StatusOf(RD_KAFKA_RESP_ERR__TIMED_OUT,
                                        "see leaders of " + missing + " in time");
      }
      absl::SleepFor(kMetadataPause);
    }
  }

  static bool HasLeaders(const struct rd_kafka_metadata& metadata, const NewTopic& wanted) {
    for (int i = 0; i < metadata.topic_cnt; ++i) {
      const auto& topic = metadata.topics[i];
      if (topic.topic != wanted.name) continue;
      if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
      if (topic.partition_cnt < wanted.partitions) return false;
      for (int k = 0; k < topic.partition_cnt; ++k) {
        if (topic.partitions[k].leader < 0) return false;
      }
      return true;
    }
    return false;
  }

  Client client_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Admin>> Admin::Create(const KafkaConfig& config) {
  auto admin = std::make_unique<KafkaAdmin>();
  const absl::Status opened = admin->Open(config);
  if (!opened.ok()) return opened;
  return admin;
}

}  // namespace trama::platform
