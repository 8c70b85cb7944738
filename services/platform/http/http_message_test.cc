#include "services/platform/http/http_message.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;

TEST(HttpHeaders, NamesCompareWithoutCase) {
  HttpHeaders headers = {{"Content-Type", "text/plain"}, {"X-A", "1"}, {"x-a", "2"}};
  EXPECT_EQ(headers.Get("content-type"), "text/plain");
  EXPECT_THAT(headers.GetAll("X-a"), ElementsAre("1", "2"));
  EXPECT_FALSE(headers.Has("X-B"));
  EXPECT_EQ(headers.Get("X-B"), "");
}

TEST(HttpHeaders, SetReplacesEveryFieldOfTheName) {
  HttpHeaders headers = {{"X-A", "1"}, {"x-a", "2"}};
  headers.Set("X-A", headers.Get("x-a"));
  EXPECT_THAT(headers.GetAll("x-a"), ElementsAre("1"));
  headers.Remove("x-A");
  EXPECT_TRUE(headers.fields().empty());
}

TEST(HttpHeaders, LineBreaksCannotBeSmuggledIn) {
  EXPECT_TRUE(IsValidHeaderField("X-A", "plain \t text"));
  EXPECT_FALSE(IsValidHeaderField("X-A", "a\r\nSet-Cookie: b"));
  EXPECT_FALSE(IsValidHeaderField("X-A", std::string_view("a\0b", 3)));
  EXPECT_FALSE(IsValidHeaderField("X A", "b"));
  EXPECT_FALSE(IsValidHeaderField("X-A:", "b"));
  EXPECT_FALSE(IsValidHeaderField("", "b"));
}

TEST(HttpResponse, PhrasesOfKnownAndUnknownNumbers) {
  EXPECT_EQ(HttpStatusPhrase(404), "Not Found");
  EXPECT_EQ(HttpStatusPhrase(299), "Unknown");
}

TEST(RetryAfter, SecondsAndDatesAreUnderstoodAndBounded) {
  absl::Time now;
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, "2024-05-01T12:00:00Z", &now, nullptr));
  const auto after = [now](const char* value) {
    return RetryAfter({{"Retry-After", value}}, now).value_or(absl::Seconds(-1));
  };
  EXPECT_EQ(after("30"), absl::Seconds(30));
  EXPECT_EQ(after("Wed, 01 May 2024 12:00:05 GMT"), absl::Seconds(5));
  EXPECT_EQ(after("Wed, 01 May 2024 11:00:00 GMT"), absl::ZeroDuration());
  EXPECT_EQ(after("99999999999999999999999"), absl::Hours(24));
  EXPECT_EQ(after("soon"), absl::Seconds(-1));
  EXPECT_EQ(after("infinite-future"), absl::Seconds(-1));
  EXPECT_EQ(after("-5"), absl::Seconds(-1));
  EXPECT_EQ(RetryAfter({}, now), std::nullopt);
}

}  // namespace
}  // namespace trama::platform
