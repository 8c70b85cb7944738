#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/config/spec_checks.h"
#include "services/kernel/calendar.h"
#include "services/kernel/resources/resources.h"
#include "services/kernel/strings.h"

namespace trama::config {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;

void CheckHours(const Texts& hours, const std::string& path, Violations& out) {
  for (int i = 0; i < hours.size(); ++i) {
    if (ParseLocalInterval(hours[i]).ok()) continue;
    AddViolation(out, Item(path, i),
                 absl::StrCat("\"", hours[i], "\" is not an interval such as 09:00-12:00"));
  }
}

void CheckDate(const std::string& date, const std::string& path, std::set<std::string>& seen,
               Violations& out) {
  if (!ParseDate(date).ok()) {
    AddViolation(out, path, absl::StrCat("\"", date, "\" is not a date such as 2026-04-21"));
  } else if (!seen.insert(date).second) {
    AddViolation(out, path, absl::StrCat("\"", date, "\" is there twice"));
  }
}

bool HasHours(const v1::CalendarSpec& spec) {
  if (spec.monday_size() + spec.tuesday_size() + spec.wednesday_size() + spec.thursday_size() +
          spec.friday_size() + spec.saturday_size() + spec.sunday_size() >
      0) {
    return true;
  }
  for (const v1::DateHours& date : spec.dates()) {
    if (date.hours_size() > 0) return true;
  }
  return false;
}

}  // namespace

void CheckCalendar(const v1::CalendarSpec& spec, const std::string& path, Violations& out) {
  const size_t before = out.size();
  CheckTimeZone(spec.time_zone(), Below(path, "time_zone"), out);
  const std::pair<const char*, const Texts*> days[] = {
      {"monday", &spec.monday()},       {"tuesday", &spec.tuesday()},
      {"wednesday", &spec.wednesday()}, {"thursday", &spec.thursday()},
      {"friday", &spec.friday()},       {"saturday", &spec.saturday()},
      {"sunday", &spec.sunday()}};
  for (const auto& [day, hours] : days) CheckHours(*hours, Below(path, day), out);

  std::set<std::string> holidays;
  for (int i = 0; i < spec.holidays_size(); ++i) {
    CheckDate(spec.holidays(i), Item(Below(path, "holidays"), i), holidays, out);
  }
  std::set<std::string> dates;
  for (int i = 0; i < spec.dates_size(); ++i) {
    const std::string at = Item(Below(path, "dates"), i);
    CheckDate(spec.dates(i).date(), Below(at, "date"), dates, out);
    CheckHours(spec.dates(i).hours(), Below(at, "hours"), out);
  }
  if (!HasHours(spec)) {
    AddViolation(out, path, "never opens: give hours for a day, such as monday: [09:00-18:00]");
  }
  if (out.size() > before) return;
  // Whatever the compiler of calendars refuses besides (limits) must not reach the engines.
  const absl::StatusOr<Calendar> compiled = CompileCalendar("", 0, spec);
  if (!compiled.ok()) AddViolation(out, path, std::string(compiled.status().message()));
}

}  // namespace trama::config
