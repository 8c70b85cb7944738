#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "trama/routing/v1/routing_service.grpc.pb.h"

namespace trama::loadgen {

// A connection to the replica at "host:port"; null when there is none. Any thread.
using ChannelTo = std::function<std::shared_ptr<grpc::Channel>(const std::string& address)>;

// Whom an agent calls: any replica, or the owner of his workspace once an answer has told who that
// is. Thread-safe.
class RoutingStubs {
 public:
  using Stub = routing::v1::RoutingService::Stub;

  // `to_owner` may be empty: always any replica.
  RoutingStubs(const std::shared_ptr<grpc::Channel>& any, ChannelTo to_owner);

  std::shared_ptr<Stub> Current() const;
  // Takes from an answered call what it says of the owner.
  void NoteOwner(const grpc::ClientContext& call);
  // He could not be reached: any replica again, whatever is said of the owner in the next moments.
  void LeaveOwner();

 private:
  const std::shared_ptr<Stub> any_;
  const ChannelTo to_owner_;
  mutable std::mutex mutex_;
  std::shared_ptr<Stub> owner_;  // Guarded by mutex_, as what follows; null: not known.
  absl::Time trusted_from_ = absl::InfinitePast();
};

}  // namespace trama::loadgen
