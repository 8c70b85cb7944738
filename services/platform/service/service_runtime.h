#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/platform/base/periodic.h"
#include "services/platform/base/slewed_clock.h"
#include "services/platform/grpc/server.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/service/admin_server.h"
#include "services/platform/service/process_metrics.h"
#include "services/platform/service/runtime.h"
#include "services/platform/service/stop_control.h"
#include "services/platform/trace/otlp_exporter.h"

namespace trama::platform {

// The Runtime of a process: what ServiceMain builds from the settings. Start, then Drain, each
// once.
class ServiceRuntime final : public Runtime {
 public:
  ServiceRuntime(const ServiceInfo& info, const std::string& version, const Clock& wall_clock,
                 StopControl& stop);
  ~ServiceRuntime() override;

  // Opens what the settings name, runs `setup`, listens, runs the AfterStart functions. After an
  // error some of that may have happened; Drain undoes it.
  absl::Status Start(const std::function<absl::Status(Runtime&)>& setup);
  void Drain();

  const ServiceInfo& info() const override { return info_; }
  const Clock& clock() const override { return clock_; }
  const Clock& wall_clock() const override { return wall_clock_; }
  Metrics& metrics() override { return metrics_; }
  Health& health() override { return health_; }
  boost::asio::io_context& io() override { return io_.context(); }
  WorkerPool& workers() override { return workers_; }
  const TokenStore& tokens() const override { return *tokens_; }
  const ServiceToken& service_token() const override { return *service_token_; }
  CallGate& gate() override { return *gate_; }
  void AddGrpcService(std::unique_ptr<grpc::Service> service) override;
  void AfterStart(std::function<absl::Status()> start) override;
  std::string grpc_address() const override;
  void AddStopper(std::string name, std::function<void()> stop) override;
  void AddCloser(std::string name, std::function<void()> close) override;
  void Fatal(const absl::Status& why) override { stop_.Fail(why); }
  absl::Duration drain_time_left() const override { return stop_.time_left(); }
  void RequestStop() override { stop_.Request(); }
  bool stopping() const override { return stop_.requested(); }

 private:
  using Step = std::pair<std::string, std::function<void()>>;

  void KeepAlive(std::shared_ptr<void> object) override;
  absl::Status OpenCredentials();
  absl::Status StartTraces();
  void StopTraces();
  absl::Status StartAdmin();
  absl::Status SetUp(const std::function<absl::Status(Runtime&)>& setup);
  absl::Status StartGrpc();
  void NoteReadiness(bool ready);
  void KeepHouse();
  void RunReversed(const std::string& kind, std::vector<Step>& steps);

  const ServiceInfo& info_;
  const std::string version_;
  const Clock& wall_clock_;
  const SlewedClock clock_;
  StopControl& stop_;
  Metrics metrics_;
  ProcessMetrics process_metrics_;
  Health health_;
  std::unique_ptr<Condition> started_;
  std::unique_ptr<TokenStore> tokens_;
  std::unique_ptr<ServiceToken> service_token_;
  IoThreads io_;
  WorkerPool workers_;
  std::shared_ptr<OtlpExporter> traces_;  // Null: nothing is traced.
  std::unique_ptr<CallGate> gate_;
  std::unique_ptr<AdminServer> admin_;
  bool in_setup_ = false;
  bool starting_ = false;
  bool serving_ = false;
  std::vector<std::shared_ptr<void>> owned_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<GrpcServer> grpc_;
  std::vector<std::function<absl::Status()>> starts_;
  mutable std::mutex steps_mutex_;  // Guards the next two.
  std::vector<Step> stoppers_;
  std::vector<Step> closers_;
  int64_t clock_jumps_seen_ = 0;  // Only housekeeping.
  std::unique_ptr<Periodic> housekeeping_;
};

}  // namespace trama::platform
