#include "services/config/config_metrics.h"

#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::config {
namespace {

TEST(ConfigMetricsTest, ReadmeListsEveryMetric) {
  std::ifstream file("services/config/README.md");
  ASSERT_TRUE(file.good()) << "tests run from the root of the repository";
  std::stringstream readme;
  readme << file.rdbuf();

  platform::Metrics registry;
  ConfigMetrics metrics(registry);
  ASSERT_FALSE(registry.Names().empty());
  for (const std::string& name : registry.Names()) {
    EXPECT_THAT(readme.str(), ::testing::HasSubstr("`" + name + "`"));
  }
}

}  // namespace
}  // namespace trama::config
