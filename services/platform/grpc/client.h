#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "services/kernel/caller.h"
#include "services/platform/base/tokens.h"
#include "services/platform/grpc/errors.h"
#include "services/platform/grpc/tls.h"

namespace trama::platform {

// How one call is made.
struct CallOptions {
  absl::Duration timeout = absl::ZeroDuration();  // Zero: the peer's default.
  std::string traceparent;                        // Of the cause; empty: none is sent.
  std::optional<Caller> on_behalf_of;             // Whose call we pass on; needs a service token.
  bool forwarded = false;                         // Set by a replica that passes on to the owner.
  bool wait_for_ready = false;  // Wait for a connection until the deadline instead of failing fast.
};

struct PeerOptions {
  // "host:port", or several: "10.0.0.1:7010,10.0.0.2:7010" (then IP addresses or one DNS name).
  // Calls go round robin over all that answer.
  std::string addresses;
  GrpcTls tls;
  // Our credentials; null: none. Must outlive the peer.
  const ServiceToken* token = nullptr;
  absl::Duration timeout_default = absl::Seconds(5);
  int32_t message_bytes_max = 16 << 20;  // Of an answer.
  // While a call is under way and the peer is silent so long, it is pinged; when that is not
  // answered the call fails with UNAVAILABLE. Servers of ours refuse pings less than 10 s apart.
  absl::Duration keepalive_interval = absl::Seconds(20);
  absl::Duration keepalive_timeout = absl::Seconds(5);
  // Connections that no other peer of this process shares, to be like a process of its own.
  bool own_connections = false;
  // Methods that may be sent again when a connection fails, because repeating them changes nothing:
  // "trama.profile.v1.ProfileService/GetCustomer". At most kAttemptsMax attempts in all.
  std::vector<std::string> retry_reads;
};

inline constexpr int kAttemptsMax = 3;

// A service that we call: its channel and our manners. Thread-safe; cheap to share.
//
//   auto peer = Peer::Make({.addresses = "127.0.0.1:7020", .token = &runtime.service_token()});
//   auto stub = ProfileService::NewStub((*peer)->channel());
//   absl::StatusOr<GetCustomerResponse> got = CallBlocking<GetCustomerResponse>(
//       **peer, request, {}, [&](auto* c, auto& q, auto* a) { return stub->GetCustomer(c, q, a);
//       });
class Peer {
 public:
  // INVALID_ARGUMENT for addresses or TLS files that cannot be used. Does not connect yet.
  static absl::StatusOr<std::shared_ptr<Peer>> Make(const PeerOptions& options);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Sets deadline, credentials, trace and identity of one call, unary or stream (for a stream pass
  // timeout = absl::InfiniteDuration()).
  void Prepare(grpc::ClientContext& context, const CallOptions& options) const;

 private:
  Peer() = default;
  std::shared_ptr<grpc::Channel> channel_;
  const ServiceToken* token_ = nullptr;
  absl::Duration timeout_default_;
};

// Sends a unary call from any thread and blocks it until the answer or the deadline.
// `send(ClientContext*, const Request&, Response*) -> grpc::Status`.
template <typename Response, typename Request, typename Send>
absl::StatusOr<Response> CallBlocking(const Peer& peer, const Request& request,
                                      const CallOptions& options, Send send) {
  grpc::ClientContext context;
  peer.Prepare(context, options);
  Response response;
  if (grpc::Status status = send(&context, request, &response); !status.ok()) {
    return FromGrpc(status);
  }
  return response;
}

// Sends a unary call and returns at once; `done` is called exactly once, on a thread of gRPC, which
// it must not block. `start(ClientContext*, const Request*, Response*,
// std::function<void(grpc::Status)>)`:
//
//   CallAsync<ResolveResponse>(peer, request, options,
//       [&](auto* c, auto* q, auto* a, auto d) { stub->async()->Resolve(c, q, a, std::move(d)); },
//       [](absl::StatusOr<ResolveResponse> answer) { … });
//
// The peer may go away before the answer; the stub's channel keeps itself alive.
template <typename Response, typename Request, typename Start>
void CallAsync(const Peer& peer, Request request, const CallOptions& options, Start start,
               std::function<void(absl::StatusOr<Response>)> done) {
  struct Pending {
    grpc::ClientContext context;
    Request request;
    Response response;
    std::function<void(absl::StatusOr<Response>)> done;
  };
  auto pending = std::make_shared<Pending>();
  pending->request = std::move(request);
  pending->done = std::move(done);
  peer.Prepare(pending->context, options);
  start(&pending->context, &pending->request, &pending->response,
        std::function<void(grpc::Status)>([pending](grpc::Status status) {
          auto tell = std::move(pending->done);
          if (!status.ok()) {
            tell(FromGrpc(status));
          } else {
            tell(std::move(pending->response));
          }
        }));
}

}  // namespace trama::platform
