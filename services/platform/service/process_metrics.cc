#include "services/platform/service/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/time/clock.h"

namespace trama::platform {
namespace {

double Entries(const char* folder) {
  std::error_code error;
  const std::filesystem::directory_iterator entries(folder, error);
  if (error) return 0;
  return static_cast<double>(std::distance(begin(entries), end(entries)));
}

double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

}  // namespace

ProcessMetrics::ProcessMetrics(Metrics& metrics, const std::string& service,
                               const std::string& version)
    : resident_bytes_(metrics.Gauge("trama_process_resident_bytes", "Memory in use.")),
      cpu_seconds_(metrics.Counter("trama_process_cpu_seconds_total", "CPU time used.")),
      open_files_(metrics.Gauge("trama_process_open_files", "Open file descriptors.")),
      threads_(metrics.Gauge("trama_process_threads", "Threads.")),
      clock_skew_(metrics.Gauge("trama_process_clock_skew_seconds",
                                "The machine's clock minus what this process goes by, which "
                                "follows a clock that was set slowly.")) {
  metrics.Gauge("trama_process_start_seconds", "Unix time of the start.")
      ->Set(absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()));
  metrics.Gauge("trama_build_info", "1; what runs is in the labels.", {"service", "version"})
      .With({service, version})
      .Set(1);
  Update();
}

prometheus::Gauge& ReadinessMetric(Metrics& metrics) {
  return *metrics.Gauge("trama_ready", "1 when ready for work.");
}

void ProcessMetrics::Update() {
  resident_bytes_->Set(ResidentBytes());
  cpu_seconds_->Increment(std::max(0.0, CpuSeconds() - cpu_seconds_->Value()));
  open_files_->Set(Entries("/proc/self/fd"));
  threads_->Set(Entries("/proc/self/task"));
}

void ProcessMetrics::SetClockSkew(absl::Duration skew) {
  clock_skew_->Set(absl::ToDoubleSeconds(skew));
}

}  // namespace trama::platform
