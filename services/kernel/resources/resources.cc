#include "services/kernel/resources/resources.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "services/kernel/strings.h"

namespace trama {
namespace {

absl::Status InField(std::string_view field, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(ToAbsl(field), ": ", status.message()));
}

absl::StatusOr<std::vector<LocalInterval>> Intervals(
    std::string_view field, const google::protobuf::RepeatedPtrField<std::string>& texts) {
  std::vector<LocalInterval> intervals;
  for (const std::string& text : texts) {
    absl::StatusOr<LocalInterval> interval = ParseLocalInterval(text);
    if (!interval.ok()) return InField(field, interval.status());
    intervals.push_back(*interval);
  }
  return intervals;
}

}  // namespace

absl::StatusOr<absl::Duration> SpecDuration(std::string_view text, absl::Duration fallback) {
  if (text.empty()) return fallback;
  absl::Duration duration;
  if (!absl::ParseDuration(ToAbsl(text), &duration) || duration < absl::ZeroDuration() ||
      duration > kSpecDurationMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", ToAbsl(text), "\" is not a duration of at most a year, such as 20s, 5m, 4h30m"));
  }
  return duration;
}

absl::Duration SpecDurationOr(std::string_view text, absl::Duration fallback) {
  return SpecDuration(text, fallback).value_or(fallback);
}

absl::StatusOr<Calendar> CompileCalendar(std::string_view name, int64_t revision,
                                         const config::v1::CalendarSpec& spec) {
  CalendarSpec compiled;
  compiled.name = std::string(name);
  compiled.version = revision;
  compiled.zone = spec.time_zone();

  using Texts = google::protobuf::RepeatedPtrField<std::string>;
  const std::pair<const char*, const Texts*> days[] = {
      {"monday", &spec.monday()},       {"tuesday", &spec.tuesday()},
      {"wednesday", &spec.wednesday()}, {"thursday", &spec.thursday()},
      {"friday", &spec.friday()},       {"saturday", &spec.saturday()},
      {"sunday", &spec.sunday()}};
  for (size_t day = 0; day < compiled.week.size(); ++day) {
    absl::StatusOr<std::vector<LocalInterval>> hours =
        Intervals(days[day].first, *days[day].second);
    if (!hours.ok()) return hours.status();
    compiled.week[day] = *std::move(hours);
  }
  for (const std::string& holiday : spec.holidays()) {
    absl::StatusOr<absl::CivilDay> date = ParseDate(holiday);
    if (!date.ok()) return InField("holidays", date.status());
    compiled.holidays.insert(*date);
  }
  for (const config::v1::DateHours& special : spec.dates()) {
    absl::StatusOr<absl::CivilDay> date = ParseDate(special.date());
    if (!date.ok()) return InField("dates", date.status());
    absl::StatusOr<std::vector<LocalInterval>> hours = Intervals("dates", special.hours());
    if (!hours.ok()) return hours.status();
    compiled.overrides[*date] = *std::move(hours);
  }
  return Calendar::Create(std::move(compiled));
}

std::string ResourceKey(std::string_view kind, std::string_view workspace, std::string_view name) {
  return absl::StrCat(ToAbsl(kind), "/", ToAbsl(workspace), "/", ToAbsl(name));
}

std::string ResourceKey(const config::v1::Resource& resource) {
  return ResourceKey(resource.kind(), resource.metadata().workspace(), resource.metadata().name());
}

}  // namespace trama
