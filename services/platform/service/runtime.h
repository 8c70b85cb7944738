#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "grpcpp/impl/service_type.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/common_flags.h"
#include "services/platform/base/health.h"
#include "services/platform/base/log.h"
#include "services/platform/base/metrics.h"
#include "services/platform/base/tokens.h"
#include "services/platform/base/worker_pool.h"
#include "services/platform/grpc/call_gate.h"

namespace trama::platform {

struct ServiceInfo {
  std::string name;                           // "routing"; the binary is trama-routing.
  std::string purpose;                        // One sentence, shown by --help.
  SettingValues defaults;                     // {{"grpc_listen", "127.0.0.1:7010"}}
  std::vector<CommonFlag> needs;              // Common settings that it cannot run without.
  std::vector<SettingsValidator> validators;  // Of its own settings.
};

// What a service gets while it is set up and while it runs. Made by ServiceMain; lives longer than
// everything that the setup function makes and hands over (Own, AddGrpcService).
//
// Order of life: setup → gRPC server listens → AfterStart functions → serving → (SIGTERM, SIGINT or
// Fatal) → not ready → --drain_delay → stoppers, in reverse order → gRPC server drains → closers,
// in reverse order → end. The whole drain has --drain_timeout; then the process ends anyhow.
// Thread-safe once setup has returned.
class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual const ServiceInfo& info() const = 0;
  // What the process goes by: it follows a machine whose time was set only slowly (SlewedClock).
  virtual const Clock& clock() const = 0;
  // The machine's, which may jump: for times that others compare with theirs, as in signatures.
  virtual const Clock& wall_clock() const = 0;
  virtual Metrics& metrics() = 0;
  virtual Health& health() = 0;
  // Run by --io_threads threads, for coroutines and timers. Its handlers must not block.
  virtual boost::asio::io_context& io() = 0;
  // --worker_threads threads for what blocks.
  virtual WorkerPool& workers() = 0;
  // Who may call us, and how we call others; both files are watched.
  virtual const TokenStore& tokens() const = 0;
  virtual const ServiceToken& service_token() const = 0;
  // For handlers: unary.h.
  virtual CallGate& gate() = 0;

  // Only during setup. A process without services has no gRPC server.
  virtual void AddGrpcService(std::unique_ptr<grpc::Service> service) = 0;

  // Keeps something alive until all closers have run and no thread of io() or workers() runs any
  // more; destroyed in reverse order. Only during setup and AfterStart.
  template <typename T>
  T& Own(std::unique_ptr<T> object) {
    T& reference = *object;
    KeepAlive(std::shared_ptr<void>(std::move(object)));
    return reference;
  }

  // Runs once the gRPC server listens, in the order of the calls; an error ends the process with
  // exit 1. Only during setup.
  virtual void AfterStart(std::function<absl::Status()> start) = 0;
  // "host:port" that others dial: --grpc_advertise, or the address listened on. Empty before the
  // server listens.
  virtual std::string grpc_address() const = 0;

  // Stops taking work in: close a listener, end streams, let requests under way end. What it waits
  // for must fit into drain_time_left().
  virtual void AddStopper(std::string name, std::function<void()> stop) = 0;
  // Finishes and closes: commit, flush, join.
  virtual void AddCloser(std::string name, std::function<void()> close) = 0;

  // A part that cannot go on: logs `why` and ends the process with exit 1 after the same ordered
  // drain. From any thread; returns at once.
  virtual void Fatal(const absl::Status& why) = 0;
  // Of --drain_timeout; all of it before the drain has begun.
  virtual absl::Duration drain_time_left() const = 0;
  // Asks for the drain, as SIGTERM does.
  virtual void RequestStop() = 0;
  // For long work during setup: has a stop been asked for?
  virtual bool stopping() const = 0;

 private:
  virtual void KeepAlive(std::shared_ptr<void> object) = 0;
};

}  // namespace trama::platform
