#include "services/kernel/errors.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/rpc/error_details.pb.h"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"

namespace trama {
namespace {

// The type URL of google.protobuf.Any, which is the key of the payload, too.
template <typename Detail>
std::string TypeUrl() {
  return absl::StrCat("type.googleapis.com/", Detail::descriptor()->full_name());
}

template <typename Detail>
void Attach(const Detail& detail, absl::Status& status) {
  status.SetPayload(TypeUrl<Detail>(), absl::Cord(detail.SerializeAsString()));
}

// Empty when there is none or it cannot be read: details are advice, never needed.
template <typename Detail>
Detail DetailOf(const absl::Status& status) {
  Detail detail;
  const auto payload = status.GetPayload(TypeUrl<Detail>());
  if (payload.has_value() && !detail.ParseFromString(std::string(*payload))) detail.Clear();
  return detail;
}

}  // namespace

absl::Status TypedError(absl::StatusCode code, std::string_view reason, std::string_view message,
                        const ErrorMetadata& metadata) {
  TRAMA_CHECK(code != absl::StatusCode::kOk && !reason.empty());
  absl::Status status(code, ToAbsl(message));
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(kErrorDomain);
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[key] = value;
  Attach(info, status);
  return status;
}

absl::Status InvalidField(std::string_view field, std::string_view value,
                          std::string_view description) {
  const std::string text = value.empty()
                               ? std::string(description)
                               : absl::StrCat("\"", ToAbsl(value), "\" ", ToAbsl(description));
  return InvalidFields({{std::string(field), text}});
}

absl::Status InvalidFields(const std::vector<FieldViolation>& violations) {
  TRAMA_CHECK(!violations.empty());
  const std::string message =
      absl::StrJoin(violations, "; ", [](std::string* out, const FieldViolation& violation) {
        absl::StrAppend(out, violation.field, " ", violation.description);
      });
  absl::Status status = TypedError(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", message);
  google::rpc::BadRequest bad;
  for (const FieldViolation& violation : violations) {
    google::rpc::BadRequest::FieldViolation& added = *bad.add_field_violations();
    added.set_field(violation.field);
    added.set_description(violation.description);
  }
  Attach(bad, status);
  return status;
}

absl::Status RetryAfter(absl::Status status, absl::Duration delay) {
  const absl::Duration rounded = absl::Trunc(delay, absl::Nanoseconds(1));
  google::rpc::RetryInfo info;
  absl::Duration rest;
  info.mutable_retry_delay()->set_seconds(absl::IDivDuration(rounded, absl::Seconds(1), &rest));
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  Attach(info, status);
  return status;
}

std::string ErrorReason(const absl::Status& status) {
  return DetailOf<google::rpc::ErrorInfo>(status).reason();
}

ErrorMetadata ErrorMetadataOf(const absl::Status& status) {
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  return ErrorMetadata(info.metadata().begin(), info.metadata().end());
}

std::vector<FieldViolation> FieldViolationsOf(const absl::Status& status) {
  const auto bad = DetailOf<google::rpc::BadRequest>(status);
  std::vector<FieldViolation> violations;
  for (const auto& violation : bad.field_violations()) {
    violations.push_back({violation.field(), violation.description()});
  }
  return violations;
}

std::optional<absl::Duration> RetryDelayOf(const absl::Status& status) {
  const auto info = DetailOf<google::rpc::RetryInfo>(status);
  if (!info.has_retry_delay()) return std::nullopt;
  return absl::Seconds(info.retry_delay().seconds()) +
         absl::Nanoseconds(info.retry_delay().nanos());
}

}  // namespace trama
