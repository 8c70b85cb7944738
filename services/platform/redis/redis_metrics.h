#pragma once

#include "services/platform/base/metrics.h"

namespace trama::platform {

// What every client of Redis tells.
struct RedisMetrics {
  explicit RedisMetrics(Metrics& metrics)
      : connected(metrics.Gauge("trama_redis_connected", "1 while there is a primary.")),
        connections(metrics.Counter("trama_redis_connections_total",
                                    "Connections made, to whichever server.")),
        circuit_open(metrics.Gauge("trama_redis_circuit_open",
                                   "1 while calls are refused because Redis did not answer.")),
        late(metrics.Counter("trama_redis_late_total", "Calls that got no answer in time.")),
        refused(metrics.Counter("trama_redis_refused_total",
                                "Calls refused before they were sent: circuit, disconnected, full.",
                                {"reason"})) {}

  GaugeFamily& connected;
  CounterFamily& connections;
  GaugeFamily& circuit_open;
  CounterFamily& late;
  CounterFamily& refused;
};

}  // namespace trama::platform
