#include "services/profile/parked_workspaces.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::profile {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Origin OriginAt(int64_t offset) { return {"interactions", 1, offset}; }

TEST(ParkedWorkspacesTest, APartitionIsCommittedUpToTheFirstRecordPassedOver) {
  ParkedWorkspaces parked;
  EXPECT_EQ(parked.CommitPosition("interactions", 1, 20), 20);
  parked.Park(OriginAt(7), "demo");
  parked.Park(OriginAt(5), "demo");
  parked.Park(OriginAt(9), "other");
  EXPECT_EQ(parked.CommitPosition("interactions", 1, 20), 5);
  EXPECT_EQ(parked.CommitPosition("interactions", 2, 20), 20);
  EXPECT_EQ(parked.CommitPosition("sla", 1, 20), 20);
}

TEST(ParkedWorkspacesTest, OnlyTheWorkspaceThatWaitsIsPassedOver) {
  ParkedWorkspaces parked;
  parked.Park(OriginAt(7), "demo");
  EXPECT_TRUE(parked.Holds(OriginAt(8), "demo"));
  EXPECT_FALSE(parked.Holds(OriginAt(8), "other"));
  EXPECT_FALSE(parked.Holds({"sla", 1, 8}, "demo"));
  EXPECT_THAT(parked.workspaces(), ElementsAre("demo"));
}

TEST(ParkedWorkspacesTest, ItsPartitionsAreReadAgainForItAlone) {
  ParkedWorkspaces parked;
  parked.Park(OriginAt(7), "demo");
  parked.Park(OriginAt(8), "other");
  parked.Park({"sla", 0, 3}, "demo");
  EXPECT_THAT(parked.FirstOf("demo"), UnorderedElementsAre(OriginAt(7), Origin{"sla", 0, 3}));

  parked.ReadAgain(OriginAt(7), "demo", 20);
  EXPECT_FALSE(parked.WasDone(OriginAt(7), "demo"));
  EXPECT_FALSE(parked.WasDone(OriginAt(19), "demo"));
  // Done in the first reading, or still waiting; an unreadable record is a dead letter already.
  EXPECT_TRUE(parked.WasDone(OriginAt(19), "third"));
  EXPECT_TRUE(parked.WasDone(OriginAt(19), "other"));
  EXPECT_TRUE(parked.WasDone(OriginAt(19), ""));
  EXPECT_FALSE(parked.WasDone(OriginAt(20), "third"));
  EXPECT_EQ(parked.CommitPosition("interactions", 1, 20), 8);
  EXPECT_EQ(parked.CommitPosition("sla", 0, 20), 3);
}

TEST(ParkedWorkspacesTest, AWorkspaceThatFailsAgainWaitsAgain) {
  ParkedWorkspaces parked;
  parked.Park(OriginAt(7), "demo");
  parked.ReadAgain(OriginAt(7), "demo", 20);
  parked.Park(OriginAt(12), "demo");
  EXPECT_THAT(parked.FirstOf("demo"), ElementsAre(OriginAt(12)));
  // The second reading had come to 14; what was read in the first one up to 20 stays done.
  parked.ReadAgain(OriginAt(12), "demo", 14);
  EXPECT_TRUE(parked.WasDone(OriginAt(19), "third"));
  EXPECT_FALSE(parked.WasDone(OriginAt(19), "demo"));
}

TEST(ParkedWorkspacesTest, APartitionThatIsGivenBackIsForgotten) {
  ParkedWorkspaces parked;
  parked.Park(OriginAt(7), "demo");
  parked.Drop("interactions", 1);
  EXPECT_THAT(parked.workspaces(), IsEmpty());
  EXPECT_FALSE(parked.Holds(OriginAt(8), "demo"));
}

}  // namespace
}  // namespace trama::profile
