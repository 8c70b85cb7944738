#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/http/http_server.h"

namespace trama::platform {

// The small HTTP server for probes and Prometheus:
//   GET /livez    200 "ok", or 503 and what does not turn, one per line
//   GET /readyz   200 "ok", or 503 and what is missing, one per line
//   GET /metrics  text exposition format
class AdminServer {
 public:
  // Listens on "host:port" and serves on `io`. `health` and `metrics` must outlive it.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(boost::asio::io_context& io,
                                                            const std::string& listen,
                                                            const Health& health,
                                                            const Metrics& metrics);

  std::string address() const;  // host:port with the real port.
  // See HttpServer::Drain.
  void Stop(absl::Duration limit) { server_->Drain(limit); }

 private:
  AdminServer() = default;
  std::string host_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace trama::platform
