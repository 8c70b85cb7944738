#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/kernel/calendar.h"
#include "trama/config/v1/resources.pb.h"

// What every reader of configuration makes of its texts.
namespace trama {

inline constexpr absl::Duration kSpecDurationMax = absl::Hours(24 * 366);

// "20s", "5m", "4h30m", at most a year; `fallback` when empty. InvalidArgument otherwise.
absl::StatusOr<absl::Duration> SpecDuration(std::string_view text, absl::Duration fallback);

// The same for a text that validation has let through: `fallback` also when it cannot be read.
absl::Duration SpecDurationOr(std::string_view text, absl::Duration fallback);

// The hours that a Calendar resource describes. InvalidArgument names the field.
absl::StatusOr<Calendar> CompileCalendar(std::string_view name, int64_t revision,
                                         const config::v1::CalendarSpec& spec);

// The key of a resource on topic `trama.config.v1`: "<kind>/<workspace>/<name>", of a workspace
// itself "Workspace//<name>".
std::string ResourceKey(std::string_view kind, std::string_view workspace, std::string_view name);
std::string ResourceKey(const config::v1::Resource& resource);

}  // namespace trama
