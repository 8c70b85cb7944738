// The texts that administrators write in calendars.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/kernel/calendar.h"
#include "services/kernel/strings.h"

namespace trama {
namespace {

constexpr int32_t kWholeDaySeconds = 24 * 60 * 60;
constexpr int32_t kYearMin = 1970;  // Calendar counts from there.

// Exactly `digits` decimal digits; negative for anything else.
int32_t Digits(absl::string_view text, size_t digits) {
  if (text.size() != digits) return -1;
  int32_t value = 0;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

// "HH:MM" or "HH:MM:SS" up to "24:00", in seconds.
std::optional<int32_t> ClockTime(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
  const int32_t hours = Digits(parts[0], 2);
  const int32_t minutes = Digits(parts[1], 2);
  const int32_t seconds = parts.size() == 3 ? Digits(parts[2], 2) : 0;
  if (hours < 0 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59) return std::nullopt;
  const int32_t total = hours * 3600 + minutes * 60 + seconds;
  if (total > kWholeDaySeconds) return std::nullopt;
  return total;
}

}  // namespace

absl::StatusOr<LocalInterval> ParseLocalInterval(std::string_view text) {
  const absl::Status malformed = absl::InvalidArgumentError(
      absl::StrCat("'", ToAbsl(text),
                   "' is no interval of a day; give it as 09:00-12:00, or 22:00-06:00 for a night, "
                   "or 00:00-24:00 for a whole day"));
  const std::vector<absl::string_view> ends = absl::StrSplit(ToAbsl(text), '-');
  if (ends.size() != 2) return malformed;
  const std::optional<int32_t> start = ClockTime(absl::StripAsciiWhitespace(ends[0]));
  const std::optional<int32_t> end = ClockTime(absl::StripAsciiWhitespace(ends[1]));
  if (!start || !end || *start == kWholeDaySeconds || *start == *end) return malformed;
  return LocalInterval{*start, *end > *start ? *end : *end + kWholeDaySeconds};
}

absl::StatusOr<absl::CivilDay> ParseDate(std::string_view text) {
  const std::vector<absl::string_view> parts =
      absl::StrSplit(absl::StripAsciiWhitespace(ToAbsl(text)), '-');
  if (parts.size() == 3) {
    const int32_t year = Digits(parts[0], 4);
    const int32_t month = Digits(parts[1], 2);
    const int32_t day = Digits(parts[2], 2);
    const absl::CivilDay date(year, month, day);
    // absl carries the 31st of April over to May.
    if (year >= kYearMin && date.month() == month && date.day() == day) return date;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", ToAbsl(text), "' is no date; give it as 2026-04-21"));
}

absl::StatusOr<size_t> ParseWeekday(std::string_view text) {
  static constexpr std::array<const char*, 7> kNames = {
      "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
  const std::string wanted = absl::AsciiStrToLower(absl::StripAsciiWhitespace(ToAbsl(text)));
  for (size_t day = 0; day < kNames.size(); ++day) {
    const std::string name = kNames[day];
    if (wanted == name || wanted == name.substr(0, 3)) return day;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", ToAbsl(text), "' is no day of the week; give it as monday or mon"));
}

}  // namespace trama
