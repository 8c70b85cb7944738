#include "gtest/gtest.h"
#include "services/kernel/calendar.h"

namespace trama {
namespace {

TEST(CalendarTextTest, IntervalsAreSecondsSinceMidnight) {
  EXPECT_EQ(*ParseLocalInterval("09:00-12:00"), (LocalInterval{9 * 3600, 12 * 3600}));
  EXPECT_EQ(*ParseLocalInterval("22:00-06:00"), (LocalInterval{22 * 3600, 30 * 3600}));
  EXPECT_EQ(*ParseLocalInterval("22:00-00:00"), (LocalInterval{22 * 3600, 24 * 3600}));
  EXPECT_EQ(*ParseLocalInterval("18:00-24:00"), (LocalInterval{18 * 3600, 24 * 3600}));
  EXPECT_EQ(*ParseLocalInterval("00:00-24:00"), (LocalInterval{0, 24 * 3600}));
  EXPECT_EQ(*ParseLocalInterval(" 09:00:30 - 12:00 "), (LocalInterval{9 * 3600 + 30, 12 * 3600}));
}

TEST(CalendarTextTest, WhatIsNoIntervalIsRefused) {
  for (const char* text : {"", "09:00", "9:00-12:00", "09:00-12:60", "09:00-25:00", "24:00-06:00",
                           "09:00-09:00", "24:00-24:00", "09:00-12:00-13:00", "09:00:00:00-12:00",
                           "-09:00", "+9:00-12:00", "09:00-24:00:01"}) {
    EXPECT_EQ(ParseLocalInterval(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(CalendarTextTest, DatesMustExist) {
  EXPECT_EQ(*ParseDate("2026-04-21"), absl::CivilDay(2026, 4, 21));
  EXPECT_EQ(*ParseDate("2028-02-29"), absl::CivilDay(2028, 2, 29));
  for (const char* text :
       {"", "2026-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "26-04-21", "2026-4-21",
        "2026-04-21-01", "21/04/2026", "0000-01-01", "1969-12-31"}) {
    EXPECT_EQ(ParseDate(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(CalendarTextTest, WeekdaysCountFromMonday) {
  EXPECT_EQ(*ParseWeekday("monday"), 0u);
  EXPECT_EQ(*ParseWeekday("Tue"), 1u);
  EXPECT_EQ(*ParseWeekday(" SUNDAY "), 6u);
  EXPECT_FALSE(ParseWeekday("").ok());
  EXPECT_FALSE(ParseWeekday("mo").ok());
  EXPECT_FALSE(ParseWeekday("segunda").ok());
}

}  // namespace
}  // namespace trama
