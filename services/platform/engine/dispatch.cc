#include "services/platform/engine/dispatch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "services/kernel/check.h"
#include "services/kernel/errors.h"
#include "services/platform/engine/engine_errors.h"

namespace trama::platform {

EngineDispatch::EngineDispatch(EngineHost& host, CallGate& gate, EngineDispatchOptions options)
    : host_(host), gate_(gate), options_(std::move(options)), peers_(options_.peers) {
  const google::protobuf::ServiceDescriptor* service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(options_.grpc_service);
  TRAMA_CHECK(service != nullptr);
  for (int i = 0; i < service->method_count(); ++i) {
    const google::protobuf::MethodDescriptor& method = *service->method(i);
    const bool single = methods_
                            .emplace(method.input_type(),
                                     absl::StrCat("/", options_.grpc_service, "/", method.name()))
                            .second;
    TRAMA_CHECK(single);
  }
}

absl::StatusOr<EngineDispatch::Route> EngineDispatch::RouteOf(const Call& call,
                                                              std::string_view workspace) const {
  const absl::StatusOr<int32_t> partition = options_.partition_of(workspace);
  if (!partition.ok()) return partition.status();
  OwnerRef owner = host_.OwnerOf(*partition);
  if (owner.where == OwnerRef::Where::kHere) return Route{.here = true, .partition = *partition};
  if (owner.where == OwnerRef::Where::kThere && !call.forwarded) {
    return Route{.here = false, .partition = *partition, .address = std::move(owner.address)};
  }
  return NotOwnerError();
}

const std::string& EngineDispatch::MethodOf(const google::protobuf::Descriptor& request) const {
  const auto method = methods_.find(&request);
  TRAMA_CHECK(method != methods_.end());
  return method->second;
}

CallOptions EngineDispatch::ForwardOptions(const Call& call) const {
  CallOptions options;
  // Not zero, which would mean the default.
  options.timeout = std::max(call.deadline - gate_.clock().Now(), absl::Milliseconds(1));
  options.traceparent = call.traceparent;
  options.on_behalf_of = call.caller;
  options.forwarded = true;
  return options;
}

absl::Status EngineDispatch::Advised(absl::Status status) {
  if (!absl::IsUnavailable(status) || RetryDelayOf(status).has_value()) return status;
  return RetryAfter(std::move(status), kEngineRetryDelay);
}

void EngineDispatch::SubmitHere(const Route& route, const Call& call, std::string id,
                                MessagePtr request, OnReply on_reply) {
  host_.Submit(route.partition,
               Command{.caller = call.caller,
                       .id = std::move(id),
                       .traceparent = call.traceparent,
                       .request = std::move(request)},
               call.deadline, std::move(on_reply));
}

}  // namespace trama::platform
