#include "services/reporting/service_levels.h"

#include "absl/strings/str_cat.h"
#include "services/kernel/resources/resources.h"

namespace trama::reporting {
namespace {

v1::ServiceLevelParameters Parameters(const config::v1::ServiceLevel& level) {
  v1::ServiceLevelParameters parameters;
  parameters.set_threshold_ms(
      absl::ToInt64Milliseconds(SpecDurationOr(level.threshold(), kThresholdDefault)));
  parameters.set_short_abandon_ms(
      absl::ToInt64Milliseconds(SpecDurationOr(level.short_abandon(), kShortAbandonDefault)));
  parameters.set_includes_abandoned(level.include_abandoned());
  return parameters;
}

}  // namespace

ServiceLevels::ServiceLevels(const config::v1::Snapshot& snapshot) {
  for (const config::v1::Resource& resource : snapshot.resources()) {
    const config::v1::Metadata& meta = resource.metadata();
    if (resource.has_queue()) {
      levels_.emplace(absl::StrCat(meta.workspace(), "/", meta.name()),
                      Parameters(resource.queue().service_level()));
    } else if (resource.has_workspace()) {
      absl::TimeZone zone = absl::UTCTimeZone();
      // Validation has refused unknown zones; UTC if this machine does not know it.
      if (!absl::LoadTimeZone(resource.workspace().time_zone(), &zone)) zone = absl::UTCTimeZone();
      zones_.emplace(meta.name(), zone);
    }
  }
}

v1::ServiceLevelParameters ServiceLevels::Of(const std::string& workspace,
                                             const std::string& queue) const {
  const auto it = levels_.find(absl::StrCat(workspace, "/", queue));
  return it == levels_.end() ? Parameters({}) : it->second;
}

absl::TimeZone ServiceLevels::ZoneOf(const std::string& workspace) const {
  const auto it = zones_.find(workspace);
  return it == zones_.end() ? absl::UTCTimeZone() : it->second;
}

}  // namespace trama::reporting
