#include "services/profile/waiting_room.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::profile {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Time kNow = absl::UnixEpoch();

TEST(WaitingRoomTest, APartitionIsCommittedUpToItsFirstThatWaits) {
  WaitingRoom<int> room;
  room.Add({"conversations", 1, 7}, 0, kNow);
  room.Add({"conversations", 1, 9}, 0, kNow);
  EXPECT_EQ(room.CommitPosition("conversations", 1, 20), 7);
  EXPECT_EQ(room.CommitPosition("conversations", 2, 20), 20);
  EXPECT_EQ(room.CommitPosition("sla", 1, 20), 20);
  room.Remove({"conversations", 1, 7});
  EXPECT_EQ(room.CommitPosition("conversations", 1, 20), 9);
  room.Remove({"conversations", 1, 9});
  EXPECT_EQ(room.CommitPosition("conversations", 1, 20), 20);
}

TEST(WaitingRoomTest, AGuestIsTriedAgainLessAndLessOften) {
  WaitingRoom<int> room;
  room.Add({"sla", 0, 1}, 0, kNow);
  EXPECT_THAT(room.Due(kNow, 10), IsEmpty());
  absl::Time now = kNow + WaitingRoom<int>::kRetryMin;
  EXPECT_THAT(room.Due(now, 10), SizeIs(1));
  EXPECT_THAT(room.Due(now + WaitingRoom<int>::kRetryMin, 10), IsEmpty());
  EXPECT_THAT(room.Due(now + 2 * WaitingRoom<int>::kRetryMin, 10), SizeIs(1));
  EXPECT_THAT(room.Due(now + absl::Hours(1), 10), SizeIs(1));
}

TEST(WaitingRoomTest, ReadingARecordAgainDoesNotMakeItYounger) {
  WaitingRoom<int> room;
  room.Add({"sla", 0, 1}, 0, kNow);
  room.Add({"sla", 0, 1}, 0, kNow + absl::Minutes(5));
  EXPECT_EQ(room.Since({"sla", 0, 1}), kNow);
}

TEST(WaitingRoomTest, ADroppedPartitionTakesItsGuestsAlong) {
  WaitingRoom<int> room;
  room.Add({"sla", 0, 1}, 0, kNow);
  room.Add({"sla", 0, 2}, 0, kNow);
  room.Add({"sla", 1, 1}, 0, kNow);
  EXPECT_EQ(room.Count("sla", 0), 2);
  room.Drop("sla", 0);
  EXPECT_EQ(room.Count("sla", 0), 0);
  EXPECT_EQ(room.size(), 1);
}

}  // namespace
}  // namespace trama::profile
