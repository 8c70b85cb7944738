#include "services/platform/engine/engine_metrics.h"

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::platform {
namespace {

TEST(EngineMetricsTest, TheReadmeListsExactlyTheseMetrics) {
  Metrics metrics;
  const EngineMetrics engine(metrics);
  const std::vector<std::string> declared = metrics.Names();

  std::ifstream file("services/platform/engine/README.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string readme = text.str();
  const std::regex row("\\| `(trama_engine_[^`]+)` \\|");
  std::set<std::string> listed;
  for (std::sregex_iterator it(readme.begin(), readme.end(), row), end; it != end; ++it) {
    listed.insert((*it)[1]);
  }
  EXPECT_THAT(listed, ::testing::UnorderedElementsAreArray(declared));
}

}  // namespace
}  // namespace trama::platform
