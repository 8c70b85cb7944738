#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace trama {

// A piece of a day on the wall clock, half-open, in seconds since that day's midnight. It belongs
// to the day on which it starts; `end` is above 24 h when it goes on past midnight.
struct LocalInterval {
  int32_t start = 0;  // 0 .. 86399
  int32_t end = 0;    // start < end <= start + 86400

  friend bool operator==(const LocalInterval&, const LocalInterval&) = default;
};

// What an administrator writes.
struct CalendarSpec {
  std::string name;
  int64_t version = 0;
  std::string zone;  // IANA, such as "America/Sao_Paulo".
  // Index 0 is Monday. A day may have several intervals, or none.
  std::array<std::vector<LocalInterval>, 7> week;
  // On these dates these intervals start instead of the weekday's. Stronger than holidays.
  std::map<absl::CivilDay, std::vector<LocalInterval>> overrides;
  // On these dates nothing starts; a night that began the day before still ends in the morning.
  std::set<absl::CivilDay> holidays;
};

// When a team works: a set of half-open intervals of real time. Immutable; a value, but share it
// rather than copy it.
//
// Wall clock to real time: an end or a start that the clock skips (spring) lies at the moment of
// the skip; one that the clock shows twice (autumn) is the first of the two. Intervals that touch
// or overlap are one.
class Calendar {
 public:
  static constexpr size_t kIntervalsPerDayMax = 24;
  static constexpr size_t kDatesMax = 4096;        // Overrides, and holidays.
  static constexpr int kSearchDaysMax = 10 * 366;  // How far AddWorked and NextOpening look.

  // Zones come from the machine's tzdata: the owners of one partition should have the same version.
  // InvalidArgument for an unknown zone, an interval out of range, or too many of something. A
  // calendar that never opens is no error here.
  static absl::StatusOr<Calendar> Create(CalendarSpec spec);

  // Open without end ("24x7"), in UTC.
  static Calendar AlwaysOpen();

  const std::string& name() const { return spec_.name; }
  int64_t version() const { return spec_.version; }
  absl::TimeZone zone() const { return zone_; }

  bool IsOpen(absl::Time t) const;

  // How much of [from, to) is open. Zero when to <= from. Times before 1970 and after 9999 count as
  // the ends of that span.
  absl::Duration WorkedTime(absl::Time from, absl::Time to) const;

  // The first moment at which WorkedTime(start, moment) reaches `target`; `start` when target <= 0.
  // An answer at the end of an interval is that end, not the next opening. FailedPrecondition when
  // the calendar does not open long enough within kSearchDaysMax, InvalidArgument when `start` lies
  // before 1970 or after 9999.
  absl::StatusOr<absl::Time> AddWorked(absl::Time start, absl::Duration target) const;

  // `t` when open then, otherwise the start of the next interval. FailedPrecondition when none
  // starts within kSearchDaysMax, InvalidArgument when `t` lies before 1970 or after 9999.
  absl::StatusOr<absl::Time> NextOpening(absl::Time t) const;

 private:
  struct Span {
    absl::Time from;
    absl::Time to;
  };
  class Spans;

  Calendar() = default;
  const std::vector<LocalInterval>& IntervalsOf(absl::CivilDay day) const;
  absl::Time RealTime(absl::CivilDay day, int32_t seconds) const;
  absl::Status NeverOpens(std::string_view what) const;

  CalendarSpec spec_;
  absl::TimeZone zone_;
  bool always_open_ = false;
};

// "09:00-12:00", "22:00-06:00" (past midnight), "18:00-24:00", "00:00-24:00" (all day); seconds may
// be given ("09:00:30-12:00"). InvalidArgument otherwise, also for "09:00-09:00", which says both
// nothing and all.
absl::StatusOr<LocalInterval> ParseLocalInterval(std::string_view text);

// "2026-04-21". InvalidArgument otherwise, also for dates that do not exist or lie before 1970.
absl::StatusOr<absl::CivilDay> ParseDate(std::string_view text);

// "mon" or "monday", any case → 0; ... "sunday" → 6. InvalidArgument otherwise.
absl::StatusOr<size_t> ParseWeekday(std::string_view text);

}  // namespace trama
