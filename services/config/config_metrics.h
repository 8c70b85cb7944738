#pragma once

#include "services/platform/base/metrics.h"

namespace trama::config {

// What the service counts; listed in its README.
struct ConfigMetrics {
  explicit ConfigMetrics(platform::Metrics& metrics)
      : revision(*metrics.Gauge("trama_config_revision", "Configuration revision taken in.")),
        resources(*metrics.Gauge("trama_config_resources", "Resources of all workspaces.")),
        takeovers(*metrics.Counter("trama_config_takeovers_total",
                                   "Times that this replica became the owner of the topic.")),
        changes(metrics.Counter("trama_config_changes_total",
                                "Calls that were to change something, by what came of them.",
                                {"call", "outcome"})) {}

  prometheus::Gauge& revision;
  prometheus::Gauge& resources;
  prometheus::Counter& takeovers;
  platform::CounterFamily& changes;
};

}  // namespace trama::config
