#include "services/routing/seen.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace trama::routing {
namespace {

const auto kNeeded = [](std::string_view, const v1::SeenRow&) { return true; };
const auto kNotNeeded = [](std::string_view, const v1::SeenRow&) { return false; };

class SeenTest : public ::testing::Test {
 protected:
  std::vector<RowChange> Changes() {
    std::vector<RowChange> changes;
    seen.TakeChanges(changes);
    return changes;
  }

  MemoryArchive* const archive = new MemoryArchive;  // Owned by `seen`.
  Seen seen{std::unique_ptr<Archive>(archive)};
};

TEST_F(SeenTest, AnIdIsKnownBeforeAndAfterItWasWritten) {
  EXPECT_EQ(seen.Find("demo/m1"), nullptr);
  seen.Add("demo/m1", "c1", 1000);
  EXPECT_EQ(seen.Find("demo/m1")->conversation_id(), "c1");
  EXPECT_EQ(Changes().size(), 1u);
  EXPECT_EQ(archive->size(), 1u);
  EXPECT_EQ(seen.Find("demo/m1")->conversation_id(), "c1");
  EXPECT_TRUE(Changes().empty());
}

TEST_F(SeenTest, WhatIsOldAndNotNeededIsForgotten) {
  seen.Add("demo/m1", "", 1000);
  Changes();
  seen.Add("demo/m2", "", 2000);
  EXPECT_EQ(seen.NextExpiryMs(), 1000 + kSeenKeptMs);
  seen.Expire(999 + kSeenKeptMs, 10, kNotNeeded);
  EXPECT_EQ(seen.size(), 2u);
  seen.Expire(1000 + kSeenKeptMs, 10, kNotNeeded);
  EXPECT_EQ(seen.Find("demo/m1"), nullptr);
  EXPECT_EQ(archive->size(), 0u);
  // One that was not written yet, too.
  seen.Expire(2000 + kSeenKeptMs, 10, kNotNeeded);
  EXPECT_EQ(seen.size(), 0u);
  EXPECT_EQ(seen.NextExpiryMs(), 0);
}

TEST_F(SeenTest, WhatIsNeededIsLookedAtLater) {
  seen.Add("demo/m1", "c1", 1000);
  Changes();
  seen.Expire(1000 + kSeenKeptMs, 10, kNeeded);
  EXPECT_TRUE(Changes().empty());
  EXPECT_EQ(archive->size(), 1u);
  EXPECT_EQ(seen.NextExpiryMs(), 1000 + 2 * kSeenKeptMs);
  seen.Expire(1000 + 2 * kSeenKeptMs, 10, kNotNeeded);
  EXPECT_EQ(Changes().size(), 1u);
  EXPECT_EQ(archive->size(), 0u);
}

TEST_F(SeenTest, ANewOwnerForgetsInTheSameOrder) {
  std::vector<RowChange> rows;
  for (int i = 0; i < 50; ++i) {
    Seen before(MakeMemoryArchive());
    before.Add(absl::StrCat("demo/m", i), "c", (i * 37) % 50);
    before.TakeChanges(rows);
  }
  std::vector<RowBytes> bytes;
  for (const RowChange& row : rows) bytes.push_back({row.key, *row.value});
  ASSERT_TRUE(seen.LoadAll(bytes).ok());
  seen.Restore();
  EXPECT_EQ(archive->size(), 50u);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(seen.NextExpiryMs(), i + kSeenKeptMs);
    seen.Expire(i + kSeenKeptMs, 1, kNotNeeded);
  }
  EXPECT_EQ(seen.size(), 0u);
}

}  // namespace
}  // namespace trama::routing
