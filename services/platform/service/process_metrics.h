#pragma once

#include <string>

#include "absl/time/time.h"
#include "services/platform/base/metrics.h"

namespace trama::platform {

// What the process costs: trama_process_resident_bytes, trama_process_cpu_seconds_total,
// trama_process_open_files, trama_process_threads, trama_process_start_seconds (Unix time) and
// trama_build_info{service,version}.
class ProcessMetrics {
 public:
  ProcessMetrics(Metrics& metrics, const std::string& service, const std::string& version);

  // Reads /proc anew. From one thread at a time.
  void Update();

  // What the machine's clock shows minus what the process goes by.
  void SetClockSkew(absl::Duration skew);

 private:
  GaugeFamily& resident_bytes_;
  CounterFamily& cpu_seconds_;
  GaugeFamily& open_files_;
  GaugeFamily& threads_;
  GaugeFamily& clock_skew_;
};

// trama_ready: 1 when ready for work.
prometheus::Gauge& ReadinessMetric(Metrics& metrics);

}  // namespace trama::platform
