#include "services/platform/base/testing/metric_docs.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/base/worker_pool.h"
#include "services/platform/grpc/call_gate.h"
#include "services/platform/grpc/server_metrics.h"
#include "services/platform/service/http_metrics.h"
#include "services/platform/service/process_metrics.h"

namespace trama::platform {
namespace {

using ::testing::IsEmpty;

TEST(MetricDocsTest, ReadmeListsWhatEveryServiceDeclares) {
  Metrics metrics;
  const SystemClock clock;
  const TokenStore tokens;
  WorkerPool workers("test", 1, 1, &metrics);
  const CallGate gate(tokens, workers, clock, metrics, {});
  const auto watchers = MakeServerMetrics(metrics);
  const HttpObserver observer = MeasureHttp(metrics);
  const ProcessMetrics process(metrics, "test", "1");
  ReadinessMetric(metrics);
  for (const char* prefix : {"trama_grpc_", "trama_http_", "trama_process_", "trama_worker_",
                             "trama_build_", "trama_ready"}) {
    EXPECT_THAT(MetricDifferences(metrics, "services/platform/README.md", prefix), IsEmpty());
  }
}

TEST(MetricDocsTest, DifferencesAreFoundBothWays) {
  Metrics metrics;
  metrics.Counter("trama_grpc_new_total", "New.");
  const std::vector<std::string> differences =
      MetricDifferences(metrics, "services/platform/README.md", "trama_grpc_");
  EXPECT_THAT(differences,
              ::testing::IsSupersetOf({"trama_grpc_new_total is not in services/platform/README.md",
                                       "trama_grpc_server_streams{method} is not declared"}));
}

}  // namespace
}  // namespace trama::platform
