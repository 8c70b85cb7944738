#include "services/platform/engine/engine_metrics.h"

namespace trama::platform {

EngineMetrics::EngineMetrics(Metrics& metrics)
    : lag(metrics.Gauge("trama_engine_lag_records",
                        "Records of an input that stand in the topic and were not yet applied.",
                        {"topic", "partition"})),
      serving(metrics.Gauge("trama_engine_serving", "1 while this process serves the partition.",
                            {"partition"})),
      inbox(metrics.Gauge("trama_engine_inbox_calls", "Calls that wait to be applied.",
                          {"partition"})),
      overdue(metrics.Gauge("trama_engine_overdue_seconds",
                            "How long the machine's next deadline has been due.", {"partition"})),
      commit(metrics.Histogram("trama_engine_commit_seconds",
                               "From the start of a transaction to its commit.", {},
                               kLatencySecondsBuckets)),
      batch_inputs(metrics.Histogram("trama_engine_batch_inputs", "Inputs of one transaction.", {},
                                     kSizeBuckets)),
      takeover(metrics.Histogram("trama_engine_takeover_seconds",
                                 "From the assignment of a partition until it is served.", {},
                                 kLatencySecondsBuckets)),
      lateness(metrics.Histogram("trama_engine_lateness_seconds",
                                 "From a machine's deadline until it was acted on.", {},
                                 kLatencySecondsBuckets)),
      inputs(metrics.Counter("trama_engine_inputs_total", "Inputs applied.", {"kind"})),
      refused(metrics.Counter("trama_engine_calls_refused_total",
                              "Calls that were not carried out.", {"reason"})),
      ownership_lost(metrics.Counter("trama_engine_ownership_lost_total",
                                     "Times that a commit or a read failed, so that ownership was "
                                     "in doubt and the partition was taken over again.")),
      dead_letters(metrics.Counter("trama_engine_dead_letters_total",
                                   "Records set aside as dead letters.", {"topic", "why"})),
      alarms(metrics.Counter("trama_engine_alarms_total", "What an operator should look at.",
                             {"kind"})) {}

}  // namespace trama::platform
