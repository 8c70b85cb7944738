#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/impl/service_type.h"
#include "grpcpp/server.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/grpc/tls.h"

namespace trama::platform {

struct GrpcServerOptions {
  std::string listen = "127.0.0.1:0";  // host:port; port 0 picks a free one.
  GrpcTls tls;
  int32_t message_bytes_max = 4 << 20;                    // Of a request.
  int32_t streams_per_connection_max = 1000;              // Calls of one client connection at once.
  absl::Duration connection_age_max = absl::Minutes(30);  // So that load spreads to new replicas.
  // A connection that has been silent so long is pinged, and closed when that is not answered.
  absl::Duration keepalive_interval = absl::Seconds(30);
  absl::Duration keepalive_timeout = absl::Seconds(10);
};

// A gRPC server with health (grpc.health.v1, follows Health), reflection, limits, keepalive and
// metrics per method:
//   trama_grpc_server_handling_seconds{method}   unary calls, from receipt to status
//   trama_grpc_server_calls_total{method,code}
//   trama_grpc_server_streams{method}            open now
//
// Threads: gRPC's own (callback_threads.h), on two processors one; handlers must not block it
// (unary.h).
class GrpcServer {
 public:
  // Listens and serves at once. The services, `health` and `metrics` must outlive it.
  // UNAVAILABLE when the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(
      const GrpcServerOptions& options, const std::vector<grpc::Service*>& services, Health& health,
      Metrics& metrics);
  // Shutdown(0).
  ~GrpcServer();

  int port() const { return port_; }
  std::string address() const;  // host:port with the real port.

  // Takes no more calls, lets those under way end until `limit` is over, then cancels them.
  void Shutdown(absl::Duration limit);

 private:
  GrpcServer() = default;

  std::string host_;
  int port_ = 0;
  struct HealthTarget;
  std::shared_ptr<HealthTarget> health_target_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace trama::platform
