#include "services/channels/open/answer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/open/testing/events.h"

namespace trama::open_channel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Json;
using testing::MessageEvent;

std::vector<Event> ParseAll(const std::vector<Json>& events) {
  return *ParseEvents(testing::Batch(events), testing::Account(), testing::kNow);
}

TEST(AnswerTest, EveryEventHasItsResultInOrder) {
  Json wrong = MessageEvent("m3", "x");
  wrong["user"].erase("id");
  const std::vector<Event> events =
      ParseAll({MessageEvent("m1", "x"), MessageEvent("m2", "x"), wrong});
  EXPECT_THAT(Distinct(events), ElementsAre(0, 1));
  EXPECT_EQ(Json::parse(ResultsJson(events, {0, 1}, {false, true})), Json::parse(R"({"results": [
      {"index": 0, "id": "e-m1", "status": "accepted"},
      {"index": 1, "id": "e-m2", "status": "duplicate"},
      {"index": 2, "id": "e-m3", "status": "rejected", "field": "events[2].user.id",
       "reason": "is missing"}]})"));
}

TEST(AnswerTest, RepeatWithinABatchIsADuplicate) {
  const std::vector<Event> events =
      ParseAll({MessageEvent("m1", "x"), MessageEvent("m1", "x"), MessageEvent("m2", "x")});
  EXPECT_THAT(Distinct(events), ElementsAre(0, 2));
  const Json answer = Json::parse(ResultsJson(events, {0, 2}, {false, false}));
  EXPECT_EQ(answer["results"][0]["status"], "accepted");
  EXPECT_EQ(answer["results"][1]["status"], "duplicate");
  EXPECT_EQ(answer["results"][2]["status"], "accepted");
}

TEST(AnswerTest, NothingGoesOnWhenAllAreRefused) {
  const std::vector<Event> events = ParseAll({Json::object(), Json::object()});
  EXPECT_THAT(Distinct(events), IsEmpty());
  const Json answer = Json::parse(ResultsJson(events, {}, {}));
  EXPECT_EQ(answer["results"][1]["id"], "");
  EXPECT_EQ(answer["results"][1]["status"], "rejected");
}

TEST(AnswerTest, ErrorsAreForProgramsAndPersons) {
  EXPECT_EQ(ErrorJson("malformed", "the body is \"bad\""),
            R"({"error":{"code":"malformed","message":"the body is \"bad\""}})");
}

}  // namespace
}  // namespace trama::open_channel
