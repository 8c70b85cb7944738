#include "services/platform/service/service_runtime.h"

#include <algorithm>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/check.h"
#include "services/platform/base/span.h"
#include "services/platform/grpc/tls.h"
#include "services/platform/trace/otlp_flags.h"

namespace trama::platform {
namespace {

constexpr absl::Duration kHousekeepingInterval = absl::Seconds(1);
// The admin server answers probes to the end; its own requests are short.
constexpr absl::Duration kAdminDrainMax = absl::Milliseconds(200);
// A server that has begun to shut down can only cancel what still arrives, which tells a client
// nothing. Until then it says DRAINING: long enough for a client that has just got an answer to
// send its next call and be sent away properly.
constexpr absl::Duration kRefusalMin = absl::Milliseconds(250);

CallLimits LimitsFromFlags() {
  return {.calls_max = absl::GetFlag(FLAGS_grpc_calls_max),
          .streams_max = absl::GetFlag(FLAGS_grpc_streams_max),
          .deadline_default = absl::GetFlag(FLAGS_grpc_deadline_default),
          .deadline_max = absl::GetFlag(FLAGS_grpc_deadline_max)};
}

}  // namespace

ServiceRuntime::ServiceRuntime(const ServiceInfo& info, const std::string& version,
                               const Clock& wall_clock, StopControl& stop)
    : info_(info),
      version_(version),
      wall_clock_(wall_clock),
      clock_(wall_clock),
      stop_(stop),
      process_metrics_(metrics_, info.name, version),
      health_(clock_),
      started_(health_.AddCondition("start")),
      tokens_(std::make_unique<TokenStore>()),
      service_token_(std::make_unique<ServiceToken>()),
      io_(absl::GetFlag(FLAGS_io_threads)),
      workers_("calls", static_cast<size_t>(absl::GetFlag(FLAGS_worker_threads)),
               static_cast<size_t>(absl::GetFlag(FLAGS_worker_queue_max)), &metrics_) {
  health_.OnReadyChange([this](bool ready) { NoteReadiness(ready); });
}

ServiceRuntime::~ServiceRuntime() {
  housekeeping_.reset();
  grpc_.reset();
  workers_.Stop();
  StopTraces();
  io_.Stop();
  services_.clear();
  while (!owned_.empty()) owned_.pop_back();
}

absl::Status ServiceRuntime::Start(const std::function<absl::Status(Runtime&)>& setup) {
  if (absl::Status opened = OpenCredentials(); !opened.ok()) return opened;
  gate_ = std::make_unique<CallGate>(*tokens_, workers_, clock_, metrics_, LimitsFromFlags());
  if (absl::Status tracing = StartTraces(); !tracing.ok()) return tracing;
  if (absl::Status admin = StartAdmin(); !admin.ok()) return admin;
  housekeeping_ = std::make_unique<Periodic>(kHousekeepingInterval, [this] { KeepHouse(); });

  starting_ = true;
  absl::Status done = SetUp(setup);
  starting_ = false;
  if (!done.ok()) return done;
  Log(LogLevel::kInfo, "serving",
      {{"admin_address", admin_->address()},
       {"grpc_address", grpc_ == nullptr ? std::string("none") : grpc_->address()}});
  serving_ = true;
  started_->Set(true);
  return absl::OkStatus();
}

absl::Status ServiceRuntime::SetUp(const std::function<absl::Status(Runtime&)>& setup) {
  in_setup_ = true;
  absl::Status done = setup(*this);
  in_setup_ = false;
  if (!done.ok()) return done;
  if (stopping()) return absl::CancelledError("stopped during the start");

  if (absl::Status listening = StartGrpc(); !listening.ok()) return listening;
  for (const auto& start : starts_) {
    if (absl::Status started = start(); !started.ok()) return started;
    if (stopping()) return absl::CancelledError("stopped during the start");
  }
  return absl::OkStatus();
}

absl::Status ServiceRuntime::OpenCredentials() {
  if (const std::string path = absl::GetFlag(FLAGS_tokens_file); !path.empty()) {
    absl::StatusOr<std::unique_ptr<TokenStore>> tokens = TokenStore::Open(path);
    if (!tokens.ok()) return tokens.status();
    tokens_ = *std::move(tokens);
  }
  if (const std::string path = absl::GetFlag(FLAGS_service_token_file); !path.empty()) {
    absl::StatusOr<std::unique_ptr<ServiceToken>> token = ServiceToken::Open(path);
    if (!token.ok()) return token.status();
    service_token_ = *std::move(token);
  }
  return absl::OkStatus();
}

absl::Status ServiceRuntime::StartTraces() {
  OtlpOptions options = OtlpOptionsFromFlags({.name = absl::StrCat("trama-", info_.name),
                                              .version = version_,
                                              .instance = ProcessInstance()});
  if (options.endpoint.empty()) return absl::OkStatus();
  absl::StatusOr<std::shared_ptr<OtlpExporter>> exporter =
      OtlpExporter::Start(io(), metrics_, std::move(options));
  if (!exporter.ok()) return exporter.status();
  traces_ = *std::move(exporter);
  StartTracing(traces_, absl::GetFlag(FLAGS_otlp_sampling_ratio));
  return absl::OkStatus();
}

void ServiceRuntime::StopTraces() {
  if (traces_ == nullptr) return;
  StopTracing();
  traces_->Stop();
}

absl::Status ServiceRuntime::StartAdmin() {
  absl::StatusOr<std::unique_ptr<AdminServer>> admin =
      AdminServer::Start(io(), absl::GetFlag(FLAGS_admin_listen), health_, metrics_);
  if (!admin.ok()) return admin.status();
  admin_ = *std::move(admin);
  return absl::OkStatus();
}

absl::Status ServiceRuntime::StartGrpc() {
  if (services_.empty()) return absl::OkStatus();
  std::vector<grpc::Service*> services;
  for (const auto& service : services_) services.push_back(service.get());
  absl::StatusOr<std::unique_ptr<GrpcServer>> server =
      GrpcServer::Start({.listen = absl::GetFlag(FLAGS_grpc_listen),
                         .tls = GrpcTlsFromFlags(),
                         .message_bytes_max = absl::GetFlag(FLAGS_grpc_message_bytes_max)},
                        services, health_, metrics_);
  if (!server.ok()) return server.status();
  grpc_ = *std::move(server);
  return absl::OkStatus();
}

void ServiceRuntime::Drain() {
  stop_.BeginDrain();
  Log(LogLevel::kInfo, "draining", {{"limit", stop_.time_left()}});
  stop_.Note("waiting for load balancers");
  health_.StartDraining();
  if (serving_) absl::SleepFor(absl::GetFlag(FLAGS_drain_delay));

  const absl::Duration refusing_since = clock_.Monotonic();
  if (gate_ != nullptr) gate_->StartDraining();
  RunReversed("stopper", stoppers_);
  if (grpc_ != nullptr) {
    stop_.Note("gRPC calls under way");
    absl::SleepFor(
        std::min(refusing_since + kRefusalMin - clock_.Monotonic(), stop_.time_left() / 4));
    // The closers need time, too: they finish what the calls have begun.
    grpc_->Shutdown(stop_.time_left() / 2);
  }
  RunReversed("closer", closers_);
  stop_.Note("closing the rest");
  StopTraces();
  if (admin_ != nullptr) admin_->Stop(kAdminDrainMax);
}

void ServiceRuntime::RunReversed(const std::string& kind, std::vector<Step>& steps) {
  while (true) {
    Step step;
    {
      const std::lock_guard lock(steps_mutex_);
      if (steps.empty()) return;
      step = std::move(steps.back());
      steps.pop_back();
    }
    stop_.Note(absl::StrCat(kind, " ", step.first));
    step.second();
    Log(LogLevel::kDebug, "closed", {{"part", step.first}, {"kind", kind}});
  }
}

void ServiceRuntime::AddGrpcService(std::unique_ptr<grpc::Service> service) {
  TRAMA_CHECK(in_setup_);
  services_.push_back(std::move(service));
}

void ServiceRuntime::AfterStart(std::function<absl::Status()> start) {
  TRAMA_CHECK(in_setup_);
  starts_.push_back(std::move(start));
}

void ServiceRuntime::KeepAlive(std::shared_ptr<void> object) {
  TRAMA_CHECK(starting_);
  owned_.push_back(std::move(object));
}

std::string ServiceRuntime::grpc_address() const {
  if (grpc_ == nullptr) return "";
  const std::string advertised = absl::GetFlag(FLAGS_grpc_advertise);
  return advertised.empty() ? grpc_->address() : advertised;
}

void ServiceRuntime::AddStopper(std::string name, std::function<void()> stop) {
  const std::lock_guard lock(steps_mutex_);
  stoppers_.emplace_back(std::move(name), std::move(stop));
}

void ServiceRuntime::AddCloser(std::string name, std::function<void()> close) {
  const std::lock_guard lock(steps_mutex_);
  closers_.emplace_back(std::move(name), std::move(close));
}

void ServiceRuntime::NoteReadiness(bool ready) {
  ReadinessMetric(metrics_).Set(ready ? 1 : 0);
  if (ready) {
    Log(LogLevel::kInfo, "ready");
  } else {
    Log(LogLevel::kInfo, "not ready", {{"missing", absl::StrJoin(health_.Ready().missing, "; ")}});
  }
}

void ServiceRuntime::KeepHouse() {
  process_metrics_.Update();
  clock_.Now();
  process_metrics_.SetClockSkew(clock_.skew());
  if (clock_.jumps() > clock_jumps_seen_) {
    clock_jumps_seen_ = clock_.jumps();
    Log(LogLevel::kError, "the wall clock has jumped, following it slowly",
        {{"wall_minus_ours", clock_.skew()}});
  }
  for (const absl::Status& reloaded :
       {tokens_->ReloadIfChanged(), service_token_->ReloadIfChanged()}) {
    if (!reloaded.ok()) {
      Log(LogLevel::kError, "credentials not read again; the old ones stay", {{"why", reloaded}});
    }
  }
}

}  // namespace trama::platform
