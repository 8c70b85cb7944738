#pragma once

#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "services/platform/base/metrics.h"

namespace trama::platform {

// For tests: where the metrics that are declared and those that a README lists differ. Only names
// that start with `prefix` count, in the README those in backquotes: `trama_x_total{queue}`. Empty
// when both say the same.
//
//   EXPECT_THAT(MetricDifferences(metrics, "services/sla/README.md", "trama_sla_"), IsEmpty());
inline std::vector<std::string> MetricDifferences(const Metrics& metrics,
                                                  const std::string& readme_path,
                                                  const std::string& prefix) {
  std::ifstream file(readme_path);
  const std::string readme(std::istreambuf_iterator<char>(file), {});
  std::set<std::string> listed;
  for (absl::string_view piece : absl::StrSplit(readme, '`')) {
    if (absl::StartsWith(piece, prefix)) listed.emplace(piece);
  }
  std::vector<std::string> differences;
  for (const std::string& name : metrics.Names()) {
    if (!absl::StartsWith(name, prefix)) continue;
    if (listed.erase(name) == 0) differences.push_back(name + " is not in " + readme_path);
  }
  for (const std::string& name : listed) differences.push_back(name + " is not declared");
  return differences;
}

}  // namespace trama::platform
