#include "services/platform/kafka/handles.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/check.h"
#include "services/platform/base/milliseconds.h"
#include "services/platform/kafka/errors.h"

namespace trama::platform::kafka_internal {
namespace {

// Doubled from try to try, up to a second.
constexpr absl::Duration kReconnectFirst = absl::Milliseconds(10);

}  // namespace

PartitionList ToList(const std::vector<TopicPartition>& partitions) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const TopicPartition& each : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), each.topic.c_str(), each.partition);
  }
  return list;
}

PartitionList ToList(const std::vector<TopicPartitionOffset>& positions) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
  for (const TopicPartitionOffset& each : positions) {
    rd_kafka_topic_partition_list_add(list.get(), each.topic.c_str(), each.partition)->offset =
        each.offset;
  }
  return list;
}

std::vector<TopicPartition> ToPartitions(const rd_kafka_topic_partition_list_t& list) {
  std::vector<TopicPartition> partitions;
  for (int i = 0; i < list.cnt; ++i) {
    partitions.push_back({list.elems[i].topic, list.elems[i].partition});
  }
  return partitions;
}

std::vector<TopicPartitionOffset> ToPositions(const rd_kafka_topic_partition_list_t& list) {
  std::vector<TopicPartitionOffset> positions;
  for (int i = 0; i < list.cnt; ++i) {
    positions.push_back({list.elems[i].topic, list.elems[i].partition, list.elems[i].offset});
  }
  return positions;
}

std::vector<std::string> TopicsOf(const std::vector<TopicPartitionOffset>& positions) {
  std::set<std::string> topics;
  for (const TopicPartitionOffset& position : positions) topics.insert(position.topic);
  return {topics.begin(), topics.end()};
}

absl::Status FirstError(const rd_kafka_topic_partition_list_t& list, const std::string& doing) {
  for (int i = 0; i < list.cnt; ++i) {
    if (list.elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    return StatusOf(list.elems[i].err,
                    absl::StrCat(doing, " of ", list.elems[i].topic, "/", list.elems[i].partition));
  }
  return absl::OkStatus();
}

Record ToRecord(const rd_kafka_message_t& message) {
  Record record;
  ReadInto(message, record);
  return record;
}

void ReadInto(const rd_kafka_message_t& message, Record& record) {
  record.topic = rd_kafka_topic_name(message.rkt);
  record.partition = message.partition;
  record.offset = message.offset;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t milliseconds = rd_kafka_message_timestamp(&message, &type);
  record.timestamp = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? Record().timestamp
                                                              : absl::FromUnixMillis(milliseconds);
  record.key.assign(static_cast<const char*>(message.key), message.key_len);
  if (message.payload == nullptr) {
    record.value.reset();
  } else {
    if (!record.value.has_value()) record.value.emplace();
    record.value->assign(static_cast<const char*>(message.payload), message.len);
  }
  size_t count = 0;
  rd_kafka_headers_t* headers = nullptr;  // Owned by the message.
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* key = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (;
         rd_kafka_header_get_all(headers, count, &key, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++count) {
      if (count == record.headers.size()) record.headers.emplace_back();
      record.headers[count].key = key;
      record.headers[count].value.assign(static_cast<const char*>(value), size);
    }
  }
  record.headers.resize(count);
}

Client::Settings::Settings(const KafkaConfig& config)
    : conf_(rd_kafka_conf_new()), logger_(config.logger) {
  Set("bootstrap.servers", config.brokers);
  Set("client.id", config.client_id);
  Set("security.protocol", config.security_protocol);
  const std::pair<const char*, const std::string*> optional[] = {
      {"ssl.ca.location", &config.ca_file},     {"ssl.certificate.location", &config.cert_file},
      {"ssl.key.location", &config.key_file},   {"sasl.mechanism", &config.sasl_mechanism},
      {"sasl.username", &config.sasl_username}, {"sasl.password", &config.sasl_password},
  };
  for (const auto& [name, value] : optional) {
    if (!value->empty()) Set(name, *value);
  }
  // Small requests leave at once, and a broker that came back is noticed within a second.
  Set("socket.nagle.disable", "true");
  Set("socket.keepalive.enable", "true");
  Set("reconnect.backoff.max.ms", absl::Seconds(1));
  // Also how long librdkafka waits at least between two connections that it makes.
  Set("reconnect.backoff.ms", kReconnectFirst);
  // A broker that is silent, not closed (a frozen machine), is given up after this time.
  Set("socket.timeout.ms", kSilenceMax);
  Set("message.max.bytes", int64_t{kRecordBytesMax});
}

void Client::Settings::Set(const char* name, std::string_view value) {
  if (!status_.ok()) return;
  std::array<char, 512> error;
  if (rd_kafka_conf_set(conf_.get(), name, std::string(value).c_str(), error.data(),
                        error.size()) != RD_KAFKA_CONF_OK) {
    status_ = absl::InvalidArgumentError(absl::StrCat("kafka setting: ", error.data()));
  }
}

absl::Status Client::Open(rd_kafka_type_t type, Settings settings, void* owner) {
  TRAMA_CHECK(handle_ == nullptr);
  if (!settings.status_.ok()) return settings.status_;
  core_ = std::make_unique<Core>(Core{std::move(settings.logger_), owner});
  rd_kafka_conf_set_opaque(settings.get(), core_.get());
  rd_kafka_conf_set_log_cb(settings.get(), &Client::OnLog);
  std::array<char, 512> error;
  rd_kafka_t* handle = rd_kafka_new(type, settings.get(), error.data(), error.size());
  if (handle == nullptr) {
    // Threads that it has begun may still log; nobody says when they have ended.
    static_cast<void>(core_.release());
    return absl::InvalidArgumentError(absl::StrCat("cannot make a kafka client: ", error.data()));
  }
  settings.conf_.release();  // The client owns it now.
  handle_.reset(handle);
  return absl::OkStatus();
}

void Client::Close() {
  topics_.clear();
  known_.clear();
  handle_.reset();
}

void Client::OnLog(const rd_kafka_t* handle, int severity, const char* facility,
                   const char* message) {
  // May run before Open() has stored the handle and while Close() destroys it.
  const KafkaLogger& logger = static_cast<const Core*>(rd_kafka_opaque(handle))->logger;
  if (!logger) return;
  // Notes to programmers about settings, at every start of a client.
  constexpr int kDebug = 7;
  if (std::string_view(facility) == "CONFWARN") severity = kDebug;
  logger({.severity = severity,
          .client = rd_kafka_name(handle),
          .facility = facility,
          .message = message});
}

void Client::Log(int severity, std::string_view facility, std::string_view message) const {
  if (core_ == nullptr || !core_->logger) return;
  core_->logger({.severity = severity,
                 .client = rd_kafka_name(handle_.get()),
                 .facility = facility,
                 .message = message});
}

rd_kafka_topic_t* Client::Topic(const std::string& name) {
  const std::lock_guard lock(topics_mutex_);
  TopicHandle& topic = topics_[name];
  if (topic == nullptr) topic.reset(rd_kafka_topic_new(handle_.get(), name.c_str(), nullptr));
  return topic.get();
}

absl::Status Client::RefreshMetadata(const std::string& topic, absl::Duration timeout) {
  {
    const std::lock_guard lock(topics_mutex_);
    known_.erase(topic);
  }
  return FetchMetadata({topic}, timeout);
}

absl::Status Client::FetchMetadata(const std::vector<std::string>& topics, absl::Duration timeout) {
  std::vector<std::string> unknown;
  {
    const std::lock_guard lock(topics_mutex_);
    std::copy_if(topics.begin(), topics.end(), std::back_inserter(unknown),
                 [&](const std::string& topic) { return !known_.contains(topic); });
  }
  if (unknown.empty()) return absl::OkStatus();
  const std::string doing = absl::StrCat("read the metadata of ", absl::StrJoin(unknown, ", "));
  for (const std::string& topic : unknown) {
    if (Topic(topic) == nullptr) return Error(rd_kafka_last_error(), doing);
  }
  const struct rd_kafka_metadata* answer = nullptr;
  // Without a name: of all topics that have a handle.
  const rd_kafka_resp_err_t asked =
      rd_kafka_metadata(handle_.get(), /*all_topics=*/0, nullptr, &answer, Milliseconds(timeout));
  const MetadataHandle owned(answer);
  if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) return Error(asked, doing);
  for (const std::string& topic : unknown) {
    const rd_kafka_metadata_topic* const begin = owned->topics;
    const rd_kafka_metadata_topic* const end = begin + owned->topic_cnt;
    const rd_kafka_metadata_topic* const found = std::find_if(
        begin, end, [&](const rd_kafka_metadata_topic& one) { return topic == one.topic; });
    const rd_kafka_resp_err_t code =
        found == end ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : found->err;
    if (absl::Status there = Error(code, "read the metadata of " + topic); !there.ok()) {
      return there;
    }
  }
  const std::lock_guard lock(topics_mutex_);
  known_.insert(unknown.begin(), unknown.end());
  return absl::OkStatus();
}

absl::Status Client::Error(rd_kafka_resp_err_t code, const std::string& doing,
                           const std::string& detail) const {
  if (code != RD_KAFKA_RESP_ERR__FATAL) return StatusOf(code, doing, detail);
  std::array<char, 512> text = {};
  const rd_kafka_resp_err_t cause = rd_kafka_fatal_error(handle_.get(), text.data(), text.size());
  if (cause == RD_KAFKA_RESP_ERR_NO_ERROR) return StatusOf(code, doing, detail);
  return StatusOf(cause, IsFencing(cause) ? KafkaErrorKind::kFenced : KafkaErrorKind::kFatal, doing,
                  text.data());
}

absl::Status Client::Error(rd_kafka_error_t* error, const std::string& doing) const {
  if (error == nullptr) return absl::OkStatus();
  const ErrorHandle owned(error);
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  const char* text = rd_kafka_error_string(error);
  if (IsFencing(code)) return StatusOf(code, KafkaErrorKind::kFenced, doing, text);
  if (code == RD_KAFKA_RESP_ERR__FATAL) return Error(code, doing, text);
  if (rd_kafka_error_is_fatal(error)) return StatusOf(code, KafkaErrorKind::kFatal, doing, text);
  if (rd_kafka_error_txn_requires_abort(error)) {
    return StatusOf(code, KafkaErrorKind::kAbortable, doing, text);
  }
  if (rd_kafka_error_is_retriable(error)) {
    return StatusOf(code, KafkaErrorKind::kRetriable, doing, text);
  }
  return StatusOf(code, doing, text);
}

absl::Status Client::Send(const Record& record, void* message_opaque) {
  rd_kafka_topic_t* topic = Topic(record.topic);
  if (topic == nullptr) {
    return Error(rd_kafka_last_error(), absl::StrCat("write to ", record.topic));
  }
  HeadersHandle headers(rd_kafka_headers_new(record.headers.size()));
  for (const Header& header : record.headers) {
    rd_kafka_header_add(headers.get(), header.key.data(), static_cast<ssize_t>(header.key.size()),
                        header.value.data(), static_cast<ssize_t>(header.value.size()));
  }
  std::array<rd_kafka_vu_t, 8> parts;
  size_t count = 0;
  const auto add = [&](rd_kafka_vtype_t type) -> auto& {
    parts[count].vtype = type;
    return parts[count++].u;
  };
  add(RD_KAFKA_VTYPE_RKT).rkt = topic;
  add(RD_KAFKA_VTYPE_PARTITION).i32 = record.partition;
  add(RD_KAFKA_VTYPE_MSGFLAGS).i = RD_KAFKA_MSG_F_COPY;
  add(RD_KAFKA_VTYPE_OPAQUE).ptr = message_opaque;
  add(RD_KAFKA_VTYPE_HEADERS).headers = headers.get();
  if (!record.key.empty()) {
    auto& key = add(RD_KAFKA_VTYPE_KEY);
    key.mem.ptr = const_cast<char*>(record.key.data());
    key.mem.size = record.key.size();
  }
  if (record.value.has_value()) {
    auto& value = add(RD_KAFKA_VTYPE_VALUE);
    value.mem.ptr = const_cast<char*>(record.value->data());
    value.mem.size = record.value->size();
  }
  if (record.timestamp != absl::InfinitePast()) {
    add(RD_KAFKA_VTYPE_TIMESTAMP).i64 = absl::ToUnixMillis(record.timestamp);
  }
  rd_kafka_error_t* error = rd_kafka_produceva(handle_.get(), parts.data(), count);
  if (error == nullptr) {
    headers.release();  // The message owns them now.
    return absl::OkStatus();
  }
  return Error(error, absl::StrCat("write to ", record.topic, "/", record.partition));
}

}  // namespace trama::platform::kafka_internal
