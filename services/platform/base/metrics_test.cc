#include "services/platform/base/metrics.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::platform {
namespace {

using ::testing::HasSubstr;

TEST(MetricsTest, CountsUnderLabels) {
  Metrics metrics;
  CounterFamily& offers = metrics.Counter("trama_test_offers_total", "Offers.", {"queue"});
  offers.With({"billing"}).Increment(2);
  offers.With({"sales"}).Increment();

  EXPECT_THAT(metrics.Exposition(), HasSubstr("trama_test_offers_total{queue=\"billing\"} 2\n"));
  EXPECT_THAT(metrics.Exposition(), HasSubstr("trama_test_offers_total{queue=\"sales\"} 1\n"));
}

TEST(MetricsTest, FamiliesWithoutLabelsAreUsedDirectly) {
  Metrics metrics;
  GaugeFamily& depth = metrics.Gauge("trama_test_depth", "Depth.");
  depth->Set(7);
  (*depth).Increment();
  EXPECT_THAT(metrics.Exposition(), HasSubstr("\ntrama_test_depth 8\n"));
}

TEST(MetricsTest, HistogramsHaveTheirBuckets) {
  Metrics metrics;
  metrics.Histogram("trama_test_seconds", "Time.", {"method"}, {0.1, 1}).With({"Get"}).Observe(0.5);
  EXPECT_THAT(metrics.Exposition(),
              HasSubstr("trama_test_seconds_bucket{method=\"Get\",le=\"0.1\"} 0\n"));
  EXPECT_THAT(metrics.Exposition(),
              HasSubstr("trama_test_seconds_bucket{method=\"Get\",le=\"1\"} 1\n"));
}

TEST(MetricsTest, DeclaringTheSameAgainGivesTheSameFamily) {
  Metrics metrics;
  EXPECT_EQ(&metrics.Counter("trama_test_total", "X.", {"a"}),
            &metrics.Counter("trama_test_total", "X.", {"a"}));
}

TEST(MetricsTest, TooManyLabelValuesAreCountedAsOther) {
  Metrics metrics;
  CounterFamily& family = metrics.Counter("trama_test_total", "X.", {"id"});
  for (size_t i = 0; i < kLabelSetsMax + 5; ++i) {
    family.With({absl::StrCat("id-", i)}).Increment();
  }
  EXPECT_THAT(metrics.Exposition(), HasSubstr("trama_test_total{id=\"other\"} 5\n"));
}

TEST(MetricsDeathTest, RefusesForeignNamesAndDifferentRedeclarations) {
  Metrics metrics;
  metrics.Counter("trama_test_total", "X.");
  EXPECT_DEATH(metrics.Counter("http_requests_total", "X."), "broken promise");
  EXPECT_DEATH(metrics.Counter("trama_Bad", "X."), "broken promise");
  EXPECT_DEATH(metrics.Gauge("trama_test_total", "X."), "broken promise");
  EXPECT_DEATH(metrics.Counter("trama_test_total", "X.", {"a"}), "broken promise");
}

}  // namespace
}  // namespace trama::platform
