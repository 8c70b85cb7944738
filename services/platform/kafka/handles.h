#pragma once

#include <librdkafka/rdkafka.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/base/milliseconds.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/record.h"

// Internal to this library: owners of librdkafka's handles and what every client shares. Each
// handle has one owner because a single leaked list makes rd_kafka_destroy() wait for ever.
namespace trama::platform::kafka_internal {

template <auto kDestroy>
struct Destroyer {
  template <typename T>
  void operator()(T* handle) const {
    kDestroy(handle);
  }
};

// Readers are closed before, as far as they have to be: rd_kafka_destroy would close them too, and
// wait without end for the answer to a commit that a silent broker owes.
inline void DestroyClient(rd_kafka_t* client) {
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}
using ClientHandle = std::unique_ptr<rd_kafka_t, Destroyer<DestroyClient>>;
using QueueHandle = std::unique_ptr<rd_kafka_queue_t, Destroyer<rd_kafka_queue_destroy>>;
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, Destroyer<rd_kafka_topic_destroy>>;
using MessageHandle = std::unique_ptr<rd_kafka_message_t, Destroyer<rd_kafka_message_destroy>>;
using HeadersHandle = std::unique_ptr<rd_kafka_headers_t, Destroyer<rd_kafka_headers_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                      Destroyer<rd_kafka_topic_partition_list_destroy>>;
using EventHandle = std::unique_ptr<rd_kafka_event_t, Destroyer<rd_kafka_event_destroy>>;
struct MetadataDestroyer {
  void operator()(const struct rd_kafka_metadata* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
using MetadataHandle = std::unique_ptr<const struct rd_kafka_metadata, MetadataDestroyer>;
using ErrorHandle = std::unique_ptr<rd_kafka_error_t, Destroyer<rd_kafka_error_destroy>>;

// The largest record that a client sends; a topic may allow less (max.message.bytes).
inline constexpr int kRecordBytesMax = 4 * 1024 * 1024;

// A request that the broker does not answer for so long has failed.
inline constexpr absl::Duration kSilenceMax = absl::Seconds(10);

// Lists for librdkafka and back.
PartitionList ToList(const std::vector<TopicPartition>& partitions);
PartitionList ToList(const std::vector<TopicPartitionOffset>& positions);
std::vector<TopicPartition> ToPartitions(const rd_kafka_topic_partition_list_t& list);
std::vector<TopicPartitionOffset> ToPositions(const rd_kafka_topic_partition_list_t& list);
// Their topics, each once.
std::vector<std::string> TopicsOf(const std::vector<TopicPartitionOffset>& positions);
// The first error of a single partition of an answer.
absl::Status FirstError(const rd_kafka_topic_partition_list_t& list, const std::string& doing);

Record ToRecord(const rd_kafka_message_t& message);
// The same into a record that was used before: its strings keep their memory.
void ReadInto(const rd_kafka_message_t& message, Record& record);

// One client: its handle and the logger that must outlive it. Classes that need callbacks pass
// themselves as `owner` and find it in Owner<T>() of the callback's opaque pointer.
class Client {
 public:
  // Settings in Kafka's names; those that every client shares come from `config`.
  class Settings {
   public:
    explicit Settings(const KafkaConfig& config);
    void Set(const char* name, std::string_view value);
    void Set(const char* name, int64_t value) { Set(name, std::to_string(value)); }
    void Set(const char* name, absl::Duration value) { Set(name, int64_t{Milliseconds(value)}); }
    rd_kafka_conf_t* get() { return conf_.get(); }

   private:
    friend class Client;
    std::unique_ptr<rd_kafka_conf_t, Destroyer<rd_kafka_conf_destroy>> conf_;
    KafkaLogger logger_;
    absl::Status status_;
  };

  Client() = default;
  ~Client() { Close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Once. `owner` is what callbacks are for; null when there are none.
  absl::Status Open(rd_kafka_type_t type, Settings settings, void* owner);
  // Destroys the handle and its topics; no callback runs after it.
  void Close();

  rd_kafka_t* get() const { return handle_.get(); }

  template <typename T>
  static T& Owner(void* opaque) {
    return *static_cast<T*>(static_cast<Core*>(opaque)->owner);
  }

  // Asks for the partitions and leaders of topics, once for each and in one request for all.
  // NOT_FOUND when one is not there.
  absl::Status FetchMetadata(const std::vector<std::string>& topics, absl::Duration timeout);
  // The same for a topic that is known already: it may have grown.
  absl::Status RefreshMetadata(const std::string& topic, absl::Duration timeout);

  // A handle of the topic that lives as long as the client. Thread-safe.
  rd_kafka_topic_t* Topic(const std::string& name);

  void Log(int severity, std::string_view facility, std::string_view message) const;

  // The error of a code that librdkafka gave for this client; looks up the cause of a fatal one.
  absl::Status Error(rd_kafka_resp_err_t code, const std::string& doing,
                     const std::string& detail = {}) const;
  // The same for an error object, which may be null (OK).
  absl::Status Error(rd_kafka_error_t* error, const std::string& doing) const;

  // Queues `record`; the opaque of its message is `message_opaque`.
  absl::Status Send(const Record& record, void* message_opaque);

 private:
  // What callbacks find.
  struct Core {
    KafkaLogger logger;
    void* owner = nullptr;
  };

  static void OnLog(const rd_kafka_t* handle, int severity, const char* facility,
                    const char* message);

  std::unique_ptr<Core> core_;
  ClientHandle handle_;
  std::mutex topics_mutex_;
  std::map<std::string, TopicHandle> topics_;  // Guarded by topics_mutex_.
  std::set<std::string> known_;                // Topics with metadata; guarded by topics_mutex_.
};

}  // namespace trama::platform::kafka_internal
