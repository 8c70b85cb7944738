#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"

namespace trama::platform {

// The small HTTP server for probes and Prometheus:
//   GET /livez    200 "ok", or 503 and what does not turn
//   GET /readyz   200 "ok", or 503 and what is missing
//   GET /metrics  text exposition format
class AdminServer {
 public:
  // Listens on "host:port" and serves on `io`. `health` and `metrics` must outlive it.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(boost::asio::io_context& io,
                                                            const std::string& listen,
                                                            const Health& health,
                                                            const Metrics& metrics);
  virtual ~AdminServer() = default;

  virtual std::string address() const = 0;
  virtual void Stop() = 0;
};

}  // namespace trama::platform
