#pragma once

#include <map>
#include <string>

#include "absl/time/time.h"
#include "trama/config/v1/resources.pb.h"
#include "trama/reporting/v1/reporting_service.pb.h"

namespace trama::reporting {

inline constexpr absl::Duration kThresholdDefault = absl::Seconds(20);
inline constexpr absl::Duration kShortAbandonDefault = absl::Seconds(5);

// What counting needs of the configuration: each queue's service level, each workspace's zone.
class ServiceLevels {
 public:
  ServiceLevels() = default;
  explicit ServiceLevels(const config::v1::Snapshot& snapshot);

  // The defaults for a queue that is not configured (any more).
  v1::ServiceLevelParameters Of(const std::string& workspace, const std::string& queue) const;

  // UTC when the workspace is not configured.
  absl::TimeZone ZoneOf(const std::string& workspace) const;

 private:
  std::map<std::string, v1::ServiceLevelParameters> levels_;  // By "workspace/queue".
  std::map<std::string, absl::TimeZone> zones_;
};

}  // namespace trama::reporting
