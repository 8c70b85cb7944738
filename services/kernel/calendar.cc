#include "services/kernel/calendar.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"

namespace trama {
namespace {

constexpr int32_t kDaySeconds = 24 * 60 * 60;

// Far outside of every clock that a conversation can have; keeps the arithmetic of days finite.
absl::Time Earliest() { return absl::UnixEpoch(); }
absl::Time Latest() { return absl::FromUnixSeconds(253402300799); }  // 9999-12-31T23:59:59Z

absl::Time Clamped(absl::Time t) { return std::clamp(t, Earliest(), Latest()); }

absl::Status OutOfSpan(absl::string_view calendar) {
  return absl::InvalidArgumentError(
      absl::StrCat("calendar ", calendar, ": the time must lie between the years 1970 and 9999"));
}

absl::Status CheckDay(absl::string_view calendar, absl::string_view day,
                      const std::vector<LocalInterval>& intervals) {
  if (intervals.size() > Calendar::kIntervalsPerDayMax) {
    return absl::InvalidArgumentError(absl::StrCat("calendar ", calendar, ", ", day, ": ",
                                                   intervals.size(), " intervals, must be at most ",
                                                   Calendar::kIntervalsPerDayMax));
  }
  for (const LocalInterval& interval : intervals) {
    if (interval.start < 0 || interval.start >= kDaySeconds || interval.end <= interval.start ||
        interval.end > interval.start + kDaySeconds) {
      return absl::InvalidArgumentError(absl::StrCat(
          "calendar ", calendar, ", ", day, ": interval from ", interval.start, " s to ",
          interval.end, " s after midnight must start within the day and last up to 24 hours"));
    }
  }
  return absl::OkStatus();
}

void SortByStart(std::vector<LocalInterval>& intervals) {
  std::sort(intervals.begin(), intervals.end(), [](const auto& a, const auto& b) {
    return std::pair(a.start, a.end) < std::pair(b.start, b.end);
  });
}

size_t WeekdayIndex(absl::CivilDay day) {
  return static_cast<size_t>(absl::GetWeekday(day)) -
         static_cast<size_t>(absl::Weekday::monday);  // absl counts from Monday.
}

}  // namespace

// The open stretches in order, none overlapping, from those that may still run at `from`. They may
// touch. Days are looked at one by one, only as far as somebody asks.
class Calendar::Spans {
 public:
  // Nothing starts after the local day of `last`.
  Spans(const Calendar& calendar, absl::Time from, absl::Time last)
      : calendar_(calendar),
        // An interval lasts at most 24 hours, so yesterday's are the oldest that can still run.
        day_(absl::CivilDay(calendar.zone_.At(from).cs) - 1),
        last_day_(absl::CivilDay(calendar.zone_.At(last).cs)),
        intervals_(&calendar.IntervalsOf(day_)) {}

  // False when there are no more.
  bool Next(Span& out) {
    while (true) {
      while (index_ == intervals_->size()) {
        if (day_ >= last_day_) return false;
        intervals_ = &calendar_.IntervalsOf(++day_);
        index_ = 0;
      }
      const LocalInterval& interval = (*intervals_)[index_++];
      out.from = std::max(covered_, calendar_.RealTime(day_, interval.start));
      out.to = calendar_.RealTime(day_, interval.end);
      if (out.from >= out.to) continue;  // Inside an earlier one, or skipped by the clock.
      covered_ = out.to;
      return true;
    }
  }

 private:
  const Calendar& calendar_;
  absl::CivilDay day_;
  absl::CivilDay last_day_;
  const std::vector<LocalInterval>* intervals_;
  size_t index_ = 0;
  absl::Time covered_ = absl::InfinitePast();
};

absl::StatusOr<Calendar> Calendar::Create(CalendarSpec spec) {
  Calendar calendar;
  if (spec.zone.empty() || !absl::LoadTimeZone(spec.zone, &calendar.zone_)) {
    return absl::InvalidArgumentError(
        absl::StrCat("calendar ", spec.name, ": zone '", spec.zone,
                     "' is not known; give an IANA name such as America/Sao_Paulo"));
  }
  if (spec.overrides.size() > kDatesMax || spec.holidays.size() > kDatesMax) {
    return absl::InvalidArgumentError(absl::StrCat("calendar ", spec.name, ": at most ", kDatesMax,
                                                   " overrides and as many holidays"));
  }
  for (size_t day = 0; day < spec.week.size(); ++day) {
    absl::Status bad = CheckDay(spec.name, absl::StrCat("weekday ", day + 1), spec.week[day]);
    if (!bad.ok()) return bad;
    SortByStart(spec.week[day]);
  }
  for (auto& [day, intervals] : spec.overrides) {
    absl::Status bad = CheckDay(spec.name, absl::FormatCivilTime(day), intervals);
    if (!bad.ok()) return bad;
    SortByStart(intervals);
  }
  calendar.spec_ = std::move(spec);
  return calendar;
}

Calendar Calendar::AlwaysOpen() {
  Calendar calendar;
  calendar.spec_.name = "24x7";
  calendar.spec_.zone = "UTC";
  calendar.zone_ = absl::UTCTimeZone();
  calendar.always_open_ = true;
  return calendar;
}

const std::vector<LocalInterval>& Calendar::IntervalsOf(absl::CivilDay day) const {
  static const std::vector<LocalInterval>& kNone = *new std::vector<LocalInterval>();
  const auto found = spec_.overrides.find(day);
  if (found != spec_.overrides.end()) return found->second;
  if (spec_.holidays.contains(day)) return kNone;
  return spec_.week[WeekdayIndex(day)];
}

absl::Time Calendar::RealTime(absl::CivilDay day, int32_t seconds) const {
  const absl::TimeZone::TimeInfo info = zone_.At(absl::CivilSecond(day) + seconds);
  return info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
}

absl::Status Calendar::NeverOpens(std::string_view what) const {
  return absl::FailedPreconditionError(
      absl::StrCat("calendar ", spec_.name, " version ", spec_.version, " does not open ",
                   ToAbsl(what), " within ", kSearchDaysMax, " days; give it opening hours"));
}

bool Calendar::IsOpen(absl::Time t) const {
  if (always_open_) return true;
  t = Clamped(t);
  Spans spans(*this, t, t);
  for (Span span; spans.Next(span);) {
    if (span.to > t) return span.from <= t;
  }
  return false;
}

absl::Duration Calendar::WorkedTime(absl::Time from, absl::Time to) const {
  from = Clamped(from);
  to = Clamped(to);
  if (to <= from) return absl::ZeroDuration();
  if (always_open_) return to - from;
  absl::Duration worked;
  Spans spans(*this, from, to);
  for (Span span; spans.Next(span) && span.from < to;) {
    worked += std::max(std::min(span.to, to) - std::max(span.from, from), absl::ZeroDuration());
  }
  return worked;
}

absl::StatusOr<absl::Time> Calendar::AddWorked(absl::Time start, absl::Duration target) const {
  if (target <= absl::ZeroDuration()) return start;
  if (start != Clamped(start)) return OutOfSpan(spec_.name);
  const absl::Duration horizon = absl::Hours(24) * kSearchDaysMax;
  if (target > horizon) return NeverOpens("for the target");
  if (always_open_) return start + target;
  absl::Duration left = target;
  Spans spans(*this, start, start + horizon);
  for (Span span; spans.Next(span);) {
    span.from = std::max(span.from, start);
    if (span.to <= span.from) continue;
    if (span.to - span.from >= left) return span.from + left;
    left -= span.to - span.from;
  }
  return NeverOpens("long enough");
}

absl::StatusOr<absl::Time> Calendar::NextOpening(absl::Time t) const {
  if (always_open_) return t;
  if (t != Clamped(t)) return OutOfSpan(spec_.name);
  Spans spans(*this, t, t + absl::Hours(24) * kSearchDaysMax);
  for (Span span; spans.Next(span);) {
    if (span.to > t) return std::max(span.from, t);
  }
  return NeverOpens("again");
}

}  // namespace trama
