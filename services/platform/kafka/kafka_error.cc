#include "services/platform/kafka/kafka_error.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "services/platform/kafka/errors.h"

namespace trama::platform {
namespace {

constexpr char kKindUrl[] = "trama.kafka.error_kind";

struct Meaning {
  absl::StatusCode code;
  KafkaErrorKind kind;
};

constexpr Meaning kUnavailable = {absl::StatusCode::kUnavailable, KafkaErrorKind::kRetriable};
constexpr Meaning kTimedOut = {absl::StatusCode::kDeadlineExceeded, KafkaErrorKind::kRetriable};
constexpr Meaning kFull = {absl::StatusCode::kResourceExhausted, KafkaErrorKind::kRetriable};
constexpr Meaning kFenced = {absl::StatusCode::kFailedPrecondition, KafkaErrorKind::kFenced};
constexpr Meaning kFatal = {absl::StatusCode::kInternal, KafkaErrorKind::kFatal};

Meaning Other(absl::StatusCode code) { return {code, KafkaErrorKind::kOther}; }

// What the client itself reports (negative codes).
Meaning LocalMeaning(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
      return kTimedOut;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__WAIT_CACHE:
    case RD_KAFKA_RESP_ERR__RETRY:
    case RD_KAFKA_RESP_ERR__IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
      return kUnavailable;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return kFull;
    case RD_KAFKA_RESP_ERR__FENCED:
      return kFenced;
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE:
      return kFatal;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__DESTROY:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
      return Other(absl::StatusCode::kAborted);
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_GROUP:
      return Other(absl::StatusCode::kNotFound);
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
      return Other(absl::StatusCode::kUnauthenticated);
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR__NO_OFFSET:
      return Other(absl::StatusCode::kOutOfRange);
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR__CONFLICT:
      return Other(absl::StatusCode::kInvalidArgument);
    case RD_KAFKA_RESP_ERR__STATE:
      return Other(absl::StatusCode::kFailedPrecondition);
    default:
      return Other(absl::StatusCode::kUnknown);
  }
}

// What the broker answered (Kafka's protocol errors).
Meaning BrokerMeaning(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return kTimedOut;
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
      return kUnavailable;
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
      return kFull;
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return kFenced;
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
      return Other(absl::StatusCode::kAborted);
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND:
      return Other(absl::StatusCode::kNotFound);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return Other(absl::StatusCode::kPermissionDenied);
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return Other(absl::StatusCode::kUnauthenticated);
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return Other(absl::StatusCode::kOutOfRange);
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      return Other(absl::StatusCode::kAlreadyExists);
    case RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP:
      return Other(absl::StatusCode::kFailedPrecondition);
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      return Other(absl::StatusCode::kInvalidArgument);
    default:
      return Other(absl::StatusCode::kUnknown);
  }
}

absl::StatusCode CodeOf(KafkaErrorKind kind, absl::StatusCode otherwise) {
  switch (kind) {
    case KafkaErrorKind::kAbortable:
      return absl::StatusCode::kAborted;
    case KafkaErrorKind::kFenced:
      return absl::StatusCode::kFailedPrecondition;
    case KafkaErrorKind::kFatal:
      return absl::StatusCode::kInternal;
    case KafkaErrorKind::kRetriable:
      return otherwise == absl::StatusCode::kDeadlineExceeded ||
                     otherwise == absl::StatusCode::kResourceExhausted
                 ? otherwise
                 : absl::StatusCode::kUnavailable;
    default:
      return otherwise;
  }
}

}  // namespace

namespace kafka_internal {

absl::Status StatusOf(rd_kafka_resp_err_t code, KafkaErrorKind kind, const std::string& doing,
                      const std::string& detail) {
  const Meaning meaning = code < 0 ? LocalMeaning(code) : BrokerMeaning(code);
  std::string text =
      absl::StrCat("cannot ", doing, ": ", detail.empty() ? rd_kafka_err2str(code) : detail.c_str(),
                   " (", rd_kafka_err2name(code), ")");
  absl::Status status(CodeOf(kind, meaning.code), text);
  status.SetPayload(kKindUrl, absl::Cord(std::string(KindName(kind))));
  return status;
}

absl::Status StatusOf(rd_kafka_resp_err_t code, const std::string& doing,
                      const std::string& detail) {
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  const Meaning meaning = code < 0 ? LocalMeaning(code) : BrokerMeaning(code);
  return StatusOf(code, meaning.kind, doing, detail);
}

bool IsFencing(rd_kafka_resp_err_t code) {
  return (code < 0 ? LocalMeaning(code) : BrokerMeaning(code)).kind == KafkaErrorKind::kFenced;
}

}  // namespace kafka_internal

std::string_view KindName(KafkaErrorKind kind) {
  switch (kind) {
    case KafkaErrorKind::kNone:
      return "none";
    case KafkaErrorKind::kRetriable:
      return "retriable";
    case KafkaErrorKind::kAbortable:
      return "abortable";
    case KafkaErrorKind::kFenced:
      return "fenced";
    case KafkaErrorKind::kFatal:
      return "fatal";
    case KafkaErrorKind::kOther:
      return "other";
  }
  return "other";
}

KafkaErrorKind KindOf(const absl::Status& status) {
  if (status.ok()) return KafkaErrorKind::kNone;
  const auto payload = status.GetPayload(kKindUrl);
  if (!payload.has_value()) return KafkaErrorKind::kOther;
  for (const KafkaErrorKind kind : {KafkaErrorKind::kRetriable, KafkaErrorKind::kAbortable,
                                    KafkaErrorKind::kFenced, KafkaErrorKind::kFatal}) {
    if (*payload == std::string(KindName(kind))) return kind;
  }
  return KafkaErrorKind::kOther;
}

}  // namespace trama::platform
