#include "services/platform/service/service_main.h"

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "services/platform/grpc/tls.h"
#include "services/platform/service/service_runtime.h"
#include "services/platform/service/signal_watcher.h"
#include "services/platform/service/stop_control.h"
#include "services/platform/trace/otlp_flags.h"

#ifndef TRAMA_VERSION
#error "the build must define TRAMA_VERSION"
#endif

// jemalloc reads this, where it is linked (tools/cmake/TramaDependencies.cmake). Two arenas: the
// many threads of a service mostly wait, and an arena for each would hold memory for nothing.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:2,dirty_decay_ms:2000,muzzy_decay_ms:0";
}

namespace trama::platform {
namespace {

ProgramInfo ProgramOf(const ServiceInfo& info) {
  ProgramInfo program;
  program.name = absl::StrCat("trama-", info.name);
  program.version = TRAMA_VERSION;
  program.purpose = info.purpose;
  program.defaults = info.defaults;
  program.validators.push_back(
      [&info](Mistakes& mistakes) { CheckCommonFlags(info.needs, mistakes); });
  program.validators.push_back([](Mistakes& mistakes) {
    mistakes.AddStatus("tls_cert_file", ServerCredentialsOf(GrpcTlsFromFlags()).status());
  });
  program.validators.push_back(CheckOtlpFlags);
  program.validators.insert(program.validators.end(), info.validators.begin(),
                            info.validators.end());
  return program;
}

void Run(const ServiceInfo& info, const Clock& clock, StopControl& stop,
         const std::function<absl::Status(Runtime&)>& setup) {
  ServiceRuntime runtime(info, TRAMA_VERSION, clock, stop);
  const absl::Status started = runtime.Start(setup);
  // What fails because it was told to stop is no failure.
  if (!started.ok() && !stop.requested()) stop.Fail(started);
  stop.Wait();
  runtime.Drain();
}

}  // namespace

int ServiceMain(int argc, char** argv, const ServiceInfo& info,
                const std::function<absl::Status(Runtime&)>& setup) {
  BlockStopSignals();
  if (const std::optional<int> code = StartSettings(argc, argv, ProgramOf(info))) return *code;
  LogOptions log{.service = info.name};
  // Validated above.
  ParseLogLevel(absl::GetFlag(FLAGS_log_level), &log.level).IgnoreError();
  StartLogging(log);
  Log(LogLevel::kInfo, "starting", {{"version", TRAMA_VERSION}});

  const SystemClock clock;
  StopControl stop(clock, kStartStopMax, absl::GetFlag(FLAGS_drain_timeout));
  const SignalWatcher signals([&stop](int number) { stop.OnSignal(number); });
  Run(info, clock, stop, setup);
  const int code = stop.Finish();
  Log(LogLevel::kInfo, "ended", {{"exit_code", code}});
  return code;
}

}  // namespace trama::platform
