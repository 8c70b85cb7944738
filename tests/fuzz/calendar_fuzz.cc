// What an administrator writes of opening hours. Input: an interval, NUL, a date.

#include "services/kernel/calendar.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  const fuzz::Halves halves = fuzz::Split(fuzz::Text(data, size));
  ParseWeekday(halves.first).IgnoreError();
  const absl::StatusOr<LocalInterval> interval = ParseLocalInterval(halves.first);
  if (!interval.ok()) return 0;
  TRAMA_CHECK(interval->start >= 0 && interval->start < interval->end);

  CalendarSpec spec{.name = "fuzzed", .zone = "Europe/Lisbon"};
  for (auto& day : spec.week) day = {*interval};
  if (const absl::StatusOr<absl::CivilDay> date = ParseDate(halves.second); date.ok()) {
    spec.holidays.insert(*date);
  }
  const absl::StatusOr<Calendar> calendar = Calendar::Create(spec);
  TRAMA_CHECK(calendar.ok());
  const absl::Time start = absl::FromUnixSeconds(1'774'000'000);
  const absl::Duration target = absl::Hours(3);
  const absl::StatusOr<absl::Time> due = calendar->AddWorked(start, target);
  // Open for a second a day, three hours take longer than anybody looks ahead.
  if (due.ok()) TRAMA_CHECK(calendar->WorkedTime(start, *due) == target);
  return 0;
}
