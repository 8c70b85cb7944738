#include "tools/loadgen/routing_stubs.h"

#include <utility>

#include "absl/time/clock.h"
#include "services/platform/grpc/caller.h"

namespace trama::loadgen {
namespace {

constexpr absl::Duration kMistrusted = absl::Seconds(10);

}  // namespace

RoutingStubs::RoutingStubs(const std::shared_ptr<grpc::Channel>& any, ChannelTo to_owner)
    : any_(routing::v1::RoutingService::NewStub(any)), to_owner_(std::move(to_owner)) {}

std::shared_ptr<RoutingStubs::Stub> RoutingStubs::Current() const {
  std::lock_guard lock(mutex_);
  return owner_ != nullptr ? owner_ : any_;
}

void RoutingStubs::NoteOwner(const grpc::ClientContext& call) {
  if (!to_owner_) return;
  const auto& trailers = call.GetServerTrailingMetadata();
  const auto told = trailers.find(platform::kOwnerTrailer);
  if (told == trailers.end()) return;
  std::lock_guard lock(mutex_);
  if (owner_ != nullptr || absl::Now() < trusted_from_) return;
  const auto channel = to_owner_(std::string(told->second.data(), told->second.size()));
  if (channel != nullptr) owner_ = routing::v1::RoutingService::NewStub(channel);
}

void RoutingStubs::LeaveOwner() {
  std::lock_guard lock(mutex_);
  if (std::exchange(owner_, nullptr) != nullptr) trusted_from_ = absl::Now() + kMistrusted;
}

}  // namespace trama::loadgen
