#include "services/platform/engine/caught_up.h"

#include "gtest/gtest.h"

namespace trama::platform {
namespace {

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);
const absl::Time kNever = absl::InfiniteFuture();

bool AdvanceTo(CaughtUp& caught_up, TopicOffsets positions) {
  return caught_up.Advance([&](const std::string& topic) { return positions.at(topic); });
}

TEST(CaughtUpTest, KnowsNothingAtFirst) {
  CaughtUp caught_up;
  EXPECT_EQ(caught_up.time(), absl::InfinitePast());
  EXPECT_FALSE(AdvanceTo(caught_up, {}));
}

TEST(CaughtUpTest, MovesToTheMomentOfTheQuestionOnceAllEndsAreReached) {
  CaughtUp caught_up;
  caught_up.Asked(kNoon);
  caught_up.Answered({{"a", 10}, {"b", 3}});
  EXPECT_FALSE(AdvanceTo(caught_up, {{"a", 10}, {"b", 2}}));
  EXPECT_EQ(caught_up.time(), absl::InfinitePast());
  EXPECT_TRUE(AdvanceTo(caught_up, {{"a", 12}, {"b", 3}}));
  EXPECT_EQ(caught_up.time(), kNoon);
}

TEST(CaughtUpTest, AnEmptyTopicIsReachedAtItsBeginning) {
  CaughtUp caught_up;
  caught_up.Asked(kNoon);
  caught_up.Answered({{"a", 0}});
  EXPECT_TRUE(AdvanceTo(caught_up, {{"a", 0}}));
}

TEST(CaughtUpTest, AsksWhenADeadlineNeedsIt) {
  CaughtUp caught_up;
  caught_up.Asked(kNoon);
  caught_up.Answered({});
  AdvanceTo(caught_up, {});
  const absl::Time now = kNoon + absl::Milliseconds(10);
  EXPECT_TRUE(caught_up.ShouldAsk(now, now));
  EXPECT_FALSE(caught_up.ShouldAsk(now, now + absl::Milliseconds(1))) << "not due yet";
  EXPECT_FALSE(caught_up.ShouldAsk(now, kNoon)) << "known already";
}

TEST(CaughtUpTest, AsksOnceASecondWithoutADeadline) {
  CaughtUp caught_up;
  caught_up.Asked(kNoon);
  caught_up.Answered({});
  AdvanceTo(caught_up, {});
  EXPECT_FALSE(caught_up.ShouldAsk(kNoon + absl::Milliseconds(999), kNever));
  EXPECT_TRUE(caught_up.ShouldAsk(kNoon + absl::Seconds(1), kNever));
}

TEST(CaughtUpTest, AsksNotAgainWhileAQuestionIsOutOrItsEndsAreNotReached) {
  CaughtUp caught_up;
  const absl::Time later = kNoon + absl::Minutes(1);
  caught_up.Asked(kNoon);
  EXPECT_FALSE(caught_up.ShouldAsk(later, kNoon));
  caught_up.Answered({{"a", 5}});
  EXPECT_FALSE(caught_up.ShouldAsk(later, kNoon));
  AdvanceTo(caught_up, {{"a", 5}});
  EXPECT_TRUE(caught_up.ShouldAsk(later, later));
}

TEST(CaughtUpTest, AsksAgainAfterAQuestionThatFailed) {
  CaughtUp caught_up;
  caught_up.Asked(kNoon);
  caught_up.Failed();
  EXPECT_FALSE(caught_up.ShouldAsk(kNoon, kNoon)) << "not in the same moment";
  EXPECT_TRUE(caught_up.ShouldAsk(kNoon + absl::Milliseconds(1), kNoon));
}

}  // namespace
}  // namespace trama::platform
