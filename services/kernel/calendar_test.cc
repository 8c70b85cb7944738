#include "services/kernel/calendar.h"

#include <random>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace trama {
namespace {

// "2026-03-06 16:30" on the wall clock of the calendar; "2026-03-06T16:30:00-03:00" anywhere.
absl::Time At(const Calendar& calendar, const std::string& text) {
  absl::Time time;
  std::string error;
  const char* format = text.find('T') == std::string::npos ? "%Y-%m-%d %H:%M" : absl::RFC3339_sec;
  EXPECT_TRUE(absl::ParseTime(format, text, calendar.zone(), &time, &error)) << text << error;
  return time;
}

std::vector<LocalInterval> Intervals(std::initializer_list<const char*> texts) {
  std::vector<LocalInterval> intervals;
  for (const char* text : texts) intervals.push_back(*ParseLocalInterval(text));
  return intervals;
}

CalendarSpec EveryDay(const char* zone, std::initializer_list<const char*> texts) {
  CalendarSpec spec;
  spec.name = "test";
  spec.zone = zone;
  spec.week.fill(Intervals(texts));
  return spec;
}

CalendarSpec MondayToFriday(const char* zone, std::initializer_list<const char*> texts) {
  CalendarSpec spec = EveryDay(zone, texts);
  spec.week[5].clear();
  spec.week[6].clear();
  return spec;
}

Calendar Made(CalendarSpec spec) {
  absl::StatusOr<Calendar> calendar = Calendar::Create(std::move(spec));
  EXPECT_TRUE(calendar.ok()) << calendar.status();
  return *std::move(calendar);
}

// Weekdays 09-12 and 13-18 in São Paulo, the calendar of the golden vectors.
Calendar Office() {
  CalendarSpec spec = MondayToFriday("America/Sao_Paulo", {"09:00-12:00", "13:00-18:00"});
  spec.holidays.insert(*ParseDate("2026-04-21"));
  return Made(std::move(spec));
}

Calendar Nights() { return Made(EveryDay("Europe/Lisbon", {"22:00-06:00"})); }

void ExpectDeadline(const Calendar& calendar, const std::string& start, absl::Duration target,
                    const std::string& deadline) {
  const absl::StatusOr<absl::Time> found = calendar.AddWorked(At(calendar, start), target);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, At(calendar, deadline)) << absl::FormatTime(*found, calendar.zone());
}

// The golden vectors of the domain's page on calendars, V1 to V7.

TEST(CalendarTest, V1WorkGoesOnAfterTheWeekend) {
  ExpectDeadline(Office(), "2026-03-06 16:30", absl::Hours(4), "2026-03-09 11:30");
}

TEST(CalendarTest, V2AHolidayIsSkipped) {
  ExpectDeadline(Office(), "2026-04-20 17:45", absl::Hours(8), "2026-04-22 17:45");
}

TEST(CalendarTest, V3ANightIsShorterInSpringAndLongerInAutumn) {
  const Calendar nights = Nights();
  EXPECT_EQ(nights.WorkedTime(At(nights, "2026-03-28 12:00"), At(nights, "2026-03-29 12:00")),
            absl::Hours(7));
  EXPECT_EQ(nights.WorkedTime(At(nights, "2026-10-24 12:00"), At(nights, "2026-10-25 12:00")),
            absl::Hours(9));
}

TEST(CalendarTest, V3dDeadlinesInTheNightsOfTheChange) {
  ExpectDeadline(Nights(), "2026-03-28 23:00", absl::Hours(6), "2026-03-29T06:00:00+01:00");
  ExpectDeadline(Nights(), "2026-10-24 23:00", absl::Hours(6), "2026-10-25T04:00:00+00:00");
}

TEST(CalendarTest, V4LunchDoesNotCount) {
  ExpectDeadline(Office(), "2026-03-09 12:10", absl::Hours(1), "2026-03-09 14:00");
}

TEST(CalendarTest, V5ATargetThatEndsAtClosingEndsThatDay) {
  ExpectDeadline(Office(), "2026-03-09 17:00", absl::Hours(1), "2026-03-09 18:00");
}

TEST(CalendarTest, V6APauseKeepsWhatWasUsed) {
  const Calendar office = Office();
  const absl::Duration used =
      office.WorkedTime(At(office, "2026-03-09 09:30"), At(office, "2026-03-09 10:00"));
  EXPECT_EQ(used, absl::Minutes(30));
  ExpectDeadline(office, "2026-03-09 14:30", absl::Hours(2) - used, "2026-03-09 16:00");
}

TEST(CalendarTest, V7FridayEveningGoesOnMondayMorning) {
  const Calendar calendar = Made(MondayToFriday("America/Sao_Paulo", {"09:00-17:00"}));
  ExpectDeadline(calendar, "2026-03-06 16:30", absl::Hours(1), "2026-03-09 09:30");
}

TEST(CalendarTest, IntervalsAreHalfOpen) {
  const Calendar office = Office();
  EXPECT_FALSE(office.IsOpen(At(office, "2026-03-09 09:00") - absl::Nanoseconds(1)));
  EXPECT_TRUE(office.IsOpen(At(office, "2026-03-09 09:00")));
  EXPECT_TRUE(office.IsOpen(At(office, "2026-03-09 12:00") - absl::Nanoseconds(1)));
  EXPECT_FALSE(office.IsOpen(At(office, "2026-03-09 12:00")));
  EXPECT_FALSE(office.IsOpen(At(office, "2026-03-07 10:00")));  // A Saturday.
  EXPECT_FALSE(office.IsOpen(At(office, "2026-04-21 10:00")));  // A holiday.
}

TEST(CalendarTest, TheNextOpeningIsNowWhenOpen) {
  const Calendar office = Office();
  const auto next = [&](const std::string& t) { return *office.NextOpening(At(office, t)); };
  EXPECT_EQ(next("2026-03-09 10:00"), At(office, "2026-03-09 10:00"));
  EXPECT_EQ(next("2026-03-09 12:00"), At(office, "2026-03-09 13:00"));
  EXPECT_EQ(next("2026-03-06 18:00"), At(office, "2026-03-09 09:00"));
  EXPECT_EQ(next("2026-04-20 18:00"), At(office, "2026-04-22 09:00"));
}

TEST(CalendarTest, ANightBelongsToTheDayOnWhichItStarts) {
  CalendarSpec spec = EveryDay("America/Sao_Paulo", {"22:00-06:00"});
  spec.holidays.insert(*ParseDate("2026-04-21"));
  const Calendar nights = Made(std::move(spec));
  EXPECT_TRUE(nights.IsOpen(At(nights, "2026-04-21 05:00")));
  EXPECT_FALSE(nights.IsOpen(At(nights, "2026-04-21 23:00")));
  EXPECT_FALSE(nights.IsOpen(At(nights, "2026-04-22 05:00")));
  EXPECT_TRUE(nights.IsOpen(At(nights, "2026-04-22 22:00")));
}

TEST(CalendarTest, AnOverrideIsStrongerThanWeekdayAndHoliday) {
  CalendarSpec spec = MondayToFriday("America/Sao_Paulo", {"09:00-18:00"});
  spec.holidays.insert(*ParseDate("2026-12-24"));
  spec.overrides[*ParseDate("2026-12-24")] = Intervals({"10:00-12:00"});
  spec.overrides[*ParseDate("2026-12-26")] = Intervals({"10:00-13:00"});  // A Saturday.
  spec.overrides[*ParseDate("2026-12-28")] = {};
  const Calendar calendar = Made(std::move(spec));
  const auto worked = [&](const std::string& date) {
    return calendar.WorkedTime(At(calendar, date + " 00:00"), At(calendar, date + " 23:59"));
  };
  EXPECT_EQ(worked("2026-12-23"), absl::Hours(9));
  EXPECT_EQ(worked("2026-12-24"), absl::Hours(2));
  EXPECT_EQ(worked("2026-12-26"), absl::Hours(3));
  EXPECT_EQ(worked("2026-12-28"), absl::ZeroDuration());
}

TEST(CalendarTest, IntervalsThatOverlapCountOnce) {
  const Calendar calendar =
      Made(EveryDay("UTC", {"08:00-12:00", "09:00-10:00", "11:00-13:00", "22:00-09:00"}));
  EXPECT_EQ(calendar.WorkedTime(At(calendar, "2026-03-09 00:00"), At(calendar, "2026-03-10 00:00")),
            absl::Hours(15));
}

TEST(CalendarTest, ALongIntervalCoversTheDayAfter) {
  CalendarSpec spec;
  spec.zone = "UTC";
  spec.week[0] = {LocalInterval{86399, 86399 + 86400}};  // Monday 23:59:59, for 24 hours.
  const Calendar calendar = Made(std::move(spec));
  EXPECT_TRUE(calendar.IsOpen(At(calendar, "2026-03-10 23:59")));
  EXPECT_FALSE(calendar.IsOpen(At(calendar, "2026-03-11 00:00")));
}

// Summer time.

TEST(CalendarTest, AStartThatTheClockSkipsIsTheMomentOfTheSkip) {
  const Calendar calendar = Made(EveryDay("America/New_York", {"02:30-05:00"}));
  EXPECT_EQ(*calendar.NextOpening(At(calendar, "2026-03-08 00:00")),
            At(calendar, "2026-03-08T03:00:00-04:00"));
  EXPECT_EQ(calendar.WorkedTime(At(calendar, "2026-03-08 00:00"), At(calendar, "2026-03-08 12:00")),
            absl::Hours(2));
}

TEST(CalendarTest, AnIntervalThatTheClockSkipsDoesNotHappen) {
  const Calendar calendar = Made(EveryDay("America/New_York", {"02:15-02:45"}));
  EXPECT_EQ(calendar.WorkedTime(At(calendar, "2026-03-08 00:00"), At(calendar, "2026-03-09 00:00")),
            absl::ZeroDuration());
  EXPECT_EQ(*calendar.NextOpening(At(calendar, "2026-03-08 00:00")),
            At(calendar, "2026-03-09 02:15"));
}

TEST(CalendarTest, AnEndThatTheClockShowsTwiceIsTheFirst) {
  const Calendar calendar = Made(EveryDay("America/New_York", {"22:00-01:30"}));
  EXPECT_FALSE(calendar.IsOpen(At(calendar, "2026-11-01T01:30:00-04:00")));
  EXPECT_FALSE(calendar.IsOpen(At(calendar, "2026-11-01T01:15:00-05:00")));
  EXPECT_EQ(calendar.WorkedTime(At(calendar, "2026-10-31 12:00"), At(calendar, "2026-11-01 12:00")),
            absl::Hours(3.5));
}

TEST(CalendarTest, AStartThatTheClockShowsTwiceIsTheFirst) {
  const Calendar calendar = Made(EveryDay("America/New_York", {"01:30-05:00"}));
  EXPECT_TRUE(calendar.IsOpen(At(calendar, "2026-11-01T01:30:00-04:00")));
  EXPECT_TRUE(calendar.IsOpen(At(calendar, "2026-11-01T01:15:00-05:00")));
  EXPECT_EQ(calendar.WorkedTime(At(calendar, "2026-11-01 00:00"), At(calendar, "2026-11-01 12:00")),
            absl::Hours(4.5));
}

TEST(CalendarTest, WholeDaysHaveNoSeamsWhateverTheClockDoes) {
  // In São Paulo the clocks changed at midnight: this day began at 01:00.
  const Calendar paulo = Made(EveryDay("America/Sao_Paulo", {"00:00-24:00"}));
  const absl::Time from = At(paulo, "2017-10-10 00:00");
  const absl::Time to = At(paulo, "2018-03-01 00:00");
  EXPECT_EQ(paulo.WorkedTime(from, to), to - from);
  EXPECT_EQ(*paulo.AddWorked(from, absl::Hours(1000)), from + absl::Hours(1000));
  EXPECT_EQ(paulo.WorkedTime(At(paulo, "2017-10-15T01:00:00-02:00"), At(paulo, "2017-10-16 00:00")),
            absl::Hours(23));
}

TEST(CalendarTest, ADateThatAZoneNeverHadHasNoWork) {
  const Calendar apia = Made(EveryDay("Pacific/Apia", {"09:00-17:00"}));
  EXPECT_EQ(apia.WorkedTime(At(apia, "2011-12-29 12:00"), At(apia, "2011-12-31 12:00")),
            absl::Hours(8));  // The 30th was skipped.
}

// Limits.

TEST(CalendarTest, TheAlwaysOpenCalendarCountsAllTime) {
  const Calendar always = Calendar::AlwaysOpen();
  const absl::Time t = absl::FromUnixSeconds(1'800'000'000);
  EXPECT_TRUE(always.IsOpen(t));
  EXPECT_EQ(*always.NextOpening(t), t);
  EXPECT_EQ(*always.AddWorked(t, absl::Hours(5)), t + absl::Hours(5));
  EXPECT_EQ(always.WorkedTime(t, t + absl::Hours(5)), absl::Hours(5));
}

TEST(CalendarTest, ACalendarThatNeverOpensSaysSo) {
  const Calendar closed = Made(EveryDay("UTC", {}));
  const absl::Time t = At(closed, "2026-03-09 10:00");
  EXPECT_EQ(closed.AddWorked(t, absl::Hours(1)).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(closed.NextOpening(t).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(closed.IsOpen(t));
  EXPECT_EQ(closed.WorkedTime(t, t + absl::Hours(1000)), absl::ZeroDuration());
}

TEST(CalendarTest, ATargetBeyondTheHorizonIsRefused) {
  const Calendar office = Office();
  const absl::Time t = At(office, "2026-03-09 10:00");
  EXPECT_EQ(office.AddWorked(t, absl::Hours(24 * 3000)).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(office.AddWorked(t, absl::InfiniteDuration()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Calendar::AlwaysOpen().AddWorked(t, absl::InfiniteDuration()).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(CalendarTest, ATargetOfNothingIsReachedAtOnce) {
  const Calendar office = Office();
  const absl::Time closed = At(office, "2026-03-07 10:00");
  EXPECT_EQ(*office.AddWorked(closed, absl::ZeroDuration()), closed);
  EXPECT_EQ(*office.AddWorked(closed, -absl::Hours(1)), closed);
}

TEST(CalendarTest, TimesWithoutEndAreHandled) {
  const Calendar office = Office();
  const absl::Time t = At(office, "2026-03-09 10:00");
  EXPECT_EQ(office.WorkedTime(t, absl::InfinitePast()), absl::ZeroDuration());
  EXPECT_EQ(office.WorkedTime(absl::InfiniteFuture(), absl::InfiniteFuture()),
            absl::ZeroDuration());
  EXPECT_EQ(office.WorkedTime(absl::InfinitePast(), t), office.WorkedTime(absl::UnixEpoch(), t));
  EXPECT_FALSE(office.AddWorked(absl::InfiniteFuture(), absl::Hours(1)).ok());
  EXPECT_FALSE(office.NextOpening(absl::InfinitePast()).ok());
}

TEST(CalendarTest, CreationRefusesWhatNoCalendarCanBe) {
  const auto code = [](CalendarSpec spec) { return Calendar::Create(std::move(spec)).status(); };
  EXPECT_TRUE(absl::IsInvalidArgument(code(EveryDay("Mars/Base", {}))));
  EXPECT_TRUE(absl::IsInvalidArgument(code(EveryDay("", {}))));
  CalendarSpec spec = EveryDay("UTC", {});
  spec.week[2] = {LocalInterval{100, 100}};
  EXPECT_TRUE(absl::IsInvalidArgument(code(spec)));
  spec.week[2] = {LocalInterval{-1, 100}};
  EXPECT_TRUE(absl::IsInvalidArgument(code(spec)));
  spec.week[2] = {LocalInterval{86400, 86401}};
  EXPECT_TRUE(absl::IsInvalidArgument(code(spec)));
  spec.week[2] = {LocalInterval{0, 86401}};
  EXPECT_TRUE(absl::IsInvalidArgument(code(spec)));
  spec.week[2].assign(Calendar::kIntervalsPerDayMax + 1, LocalInterval{0, 1});
  EXPECT_TRUE(absl::IsInvalidArgument(code(spec)));
  spec.week[2].clear();
  spec.overrides[*ParseDate("2026-01-01")] = {LocalInterval{5, 4}};
  EXPECT_TRUE(absl::IsInvalidArgument(code(spec)));
}

// Seeded properties over calendars that nobody would think of.

CalendarSpec RandomSpec(std::mt19937_64& random, const char* zone) {
  const auto intervals = [&random] {
    std::vector<LocalInterval> made(random() % 4);
    for (LocalInterval& interval : made) {
      interval.start = static_cast<int32_t>(random() % 96) * 900;
      interval.end = interval.start + static_cast<int32_t>(1 + random() % 96) * 900;
    }
    return made;
  };
  CalendarSpec spec;
  spec.name = "random";
  spec.zone = zone;
  for (auto& day : spec.week) day = intervals();
  spec.week[random() % 7] = Intervals({"09:00-12:00"});  // Never quite empty.
  const absl::CivilDay first(2026, 1, 1);
  for (int i = 0; i < 20; ++i) {
    spec.holidays.insert(first + static_cast<int>(random() % 365));
    spec.overrides[first + static_cast<int>(random() % 365)] = intervals();
  }
  return spec;
}

absl::Time RandomTime(std::mt19937_64& random) {
  return absl::FromUnixSeconds(1767225600 + static_cast<int64_t>(random() % (365 * 86400)));
}

TEST(CalendarPropertyTest, WhatIsAddedIsWhatWasWorkedAndNoMomentLater) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    static constexpr const char* kZones[] = {"Europe/Lisbon", "America/New_York", "Asia/Kolkata",
                                             "America/Sao_Paulo", "Australia/Lord_Howe"};
    const Calendar calendar = Made(RandomSpec(random, kZones[seed % 5]));
    for (int i = 0; i < 10; ++i) {
      const absl::Time start = RandomTime(random);
      const auto target = absl::Seconds(1 + static_cast<int64_t>(random() % 400'000));
      const absl::StatusOr<absl::Time> end = calendar.AddWorked(start, target);
      ASSERT_TRUE(end.ok()) << end.status();
      ASSERT_EQ(calendar.WorkedTime(start, *end), target);
      ASSERT_LT(calendar.WorkedTime(start, *end - absl::Nanoseconds(1)), target);
    }
  }
}

TEST(CalendarPropertyTest, WorkAddsUpOverAnySplit) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const Calendar calendar = Made(RandomSpec(random, "Europe/Lisbon"));
    absl::Time a = RandomTime(random);
    absl::Time c = RandomTime(random);
    if (c < a) std::swap(a, c);
    const absl::Time b = a + (c - a) * 0.37;
    ASSERT_EQ(calendar.WorkedTime(a, c), calendar.WorkedTime(a, b) + calendar.WorkedTime(b, c));
  }
}

// An independent opinion: a quarter of an hour is open when the wall clock shows a time inside an
// interval of today, or of yesterday. In a zone whose clock never changes that is the definition.
TEST(CalendarPropertyTest, EveryQuarterOfAnHourIsOpenAsTheWallClockSays) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const CalendarSpec spec = RandomSpec(random, "Asia/Kolkata");
    const auto intervals_of = [&spec](absl::CivilDay day) -> std::vector<LocalInterval> {
      if (const auto it = spec.overrides.find(day); it != spec.overrides.end()) return it->second;
      if (spec.holidays.contains(day)) return {};
      return spec.week[(day - absl::CivilDay(2026, 1, 5)) % 7];  // The 5th was a Monday.
    };
    const Calendar calendar = Made(spec);
    absl::Duration open;
    const absl::CivilSecond first(2026, 1, 6);
    for (int quarter = 0; quarter < 60 * 96; ++quarter) {
      const absl::CivilSecond now = first + quarter * 900;
      const absl::CivilDay today(now);
      bool expected = false;
      for (int back = 0; back <= 1; ++back) {
        for (const LocalInterval& interval : intervals_of(today - back)) {
          const int64_t at = now - absl::CivilSecond(today - back);
          expected = expected || (interval.start <= at && at < interval.end);
        }
      }
      if (expected) open += absl::Minutes(15);
      ASSERT_EQ(calendar.IsOpen(absl::FromCivil(now, calendar.zone())), expected) << now;
    }
    ASSERT_EQ(calendar.WorkedTime(absl::FromCivil(first, calendar.zone()),
                                  absl::FromCivil(first + 60 * 86400, calendar.zone())),
              open);
  }
}

}  // namespace
}  // namespace trama
