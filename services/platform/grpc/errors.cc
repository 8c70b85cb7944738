#include "services/platform/grpc/errors.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/strip.h"
#include "google/rpc/status.pb.h"

namespace trama::platform {
namespace {

// Not in the middle of a UTF-8 character.
std::string CutText(std::string text) {
  if (text.size() <= kErrorMessageBytesMax) return text;
  size_t end = kErrorMessageBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status wire;
  wire.set_code(static_cast<int32_t>(status.code()));
  wire.set_message(CutText(std::string(status.message())));
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    google::protobuf::Any& detail = *wire.add_details();
    detail.set_type_url(std::string(type_url));
    detail.set_value(std::string(payload));
    if (wire.ByteSizeLong() > kErrorDetailsBytesMax + kErrorMessageBytesMax) {
      wire.mutable_details()->RemoveLast();
    }
  });
  // A plain error needs no second copy of its text.
  const std::string details = wire.details().empty() ? "" : wire.SerializeAsString();
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), wire.message(), details);
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status wire;
  if (!wire.ParseFromString(status.error_details())) return result;
  for (const google::protobuf::Any& detail : wire.details()) {
    if (!detail.type_url().empty()) {
      result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
    }
  }
  return result;
}

}  // namespace trama::platform
