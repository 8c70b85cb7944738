#include "tools/cli/names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/kernel/suggestion.h"

namespace trama::tramactl {
namespace names_internal {
namespace {

// "STATE_" of STATE_UNSPECIFIED; empty for an enum that has no such prefix.
std::string PrefixOf(const google::protobuf::EnumDescriptor& type) {
  const std::string& zero = type.FindValueByNumber(0)->name();
  const size_t end = zero.rfind("UNSPECIFIED");
  return end == std::string::npos ? "" : zero.substr(0, end);
}

std::string WordOfName(const std::string& name, const std::string& prefix) {
  return absl::AsciiStrToLower(name.rfind(prefix, 0) == 0 ? name.substr(prefix.size()) : name);
}

}  // namespace

std::string Word(const google::protobuf::EnumDescriptor& type, int number) {
  if (number == 0) return "";
  const auto* value = type.FindValueByNumber(number);
  return value == nullptr ? absl::StrCat(number) : WordOfName(value->name(), PrefixOf(type));
}

absl::StatusOr<int> Number(const google::protobuf::EnumDescriptor& type, const std::string& word) {
  const std::string prefix = PrefixOf(type);
  std::vector<std::string> words;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() == 0) continue;
    words.push_back(WordOfName(type.value(i)->name(), prefix));
    if (words.back() == absl::AsciiStrToLower(word)) return type.value(i)->number();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", word, "\" is not one of ", absl::StrJoin(words, ", "), DidYouMean(word, words)));
}

}  // namespace names_internal

std::string ShortTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  const absl::TimeZone zone = absl::LocalTimeZone();
  const absl::Time when = absl::FromUnixSeconds(time.seconds());
  const bool is_today = absl::ToCivilDay(when, zone) == absl::ToCivilDay(absl::Now(), zone);
  return absl::FormatTime(is_today ? "%H:%M:%S" : "%Y-%m-%d %H:%M", when, zone);
}

absl::StatusOr<google::protobuf::Timestamp> ParseTimeOrAgo(const std::string& text) {
  absl::Time time;
  absl::Duration ago;
  std::string error;
  if (absl::ParseDuration(text, &ago) && ago > absl::ZeroDuration() &&
      ago != absl::InfiniteDuration()) {
    time = absl::Now() - ago;
  } else if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error) &&
             !absl::ParseTime("%Y-%m-%d", text, absl::LocalTimeZone(), &time, &error)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" is not a time such as 2026-04-21T09:30:00Z, 2026-04-21 or 24h (ago)"));
  }
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(absl::ToUnixSeconds(time));
  return timestamp;
}

}  // namespace trama::tramactl
