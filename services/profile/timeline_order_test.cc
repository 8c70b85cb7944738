#include "services/profile/timeline_order.h"

#include <algorithm>
#include <random>
#include <set>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/errors.h"
#include "services/profile/testing.h"

namespace trama::profile {
namespace {

using ::testing::ElementsAre;

v1::TimelineEntry Entry(const std::string& id, int64_t seconds, int32_t nanos = 0) {
  v1::TimelineEntry entry;
  entry.set_entry_id(id);
  *entry.mutable_at() = testing::At(seconds);
  entry.mutable_at()->set_nanos(nanos);
  return entry;
}

TEST(TimelineOrderTest, PositionsAreOrderedByTimeThenById) {
  std::vector<std::string> positions = {PositionOf(Entry("a", 2)), PositionOf(Entry("b", 1)),
                                        PositionOf(Entry("c", 1, 999'000)),
                                        PositionOf(Entry("a", 1))};
  std::sort(positions.begin(), positions.end());
  std::vector<std::string> ids;
  for (const std::string& position : positions) ids.push_back(EntryIdAt(position));
  EXPECT_THAT(ids, ElementsAre("a", "b", "c", "a"));
}

TEST(TimelineOrderTest, ATokenGivesItsPositionBack) {
  const PageScope scope{"demo", "c1", true};
  const std::string position = PositionOf(Entry("m1", 3));
  EXPECT_EQ(*ReadPageToken(scope, MakePageToken(scope, position)), position);
  EXPECT_EQ(*ReadPageToken(scope, ""), "");
}

TEST(TimelineOrderTest, ATokenOfAnotherListIsRefused) {
  const std::string token = MakePageToken({"demo", "c1", true}, PositionOf(Entry("m1", 3)));
  for (const PageScope& other : {PageScope{"other", "c1", true}, PageScope{"demo", "", true},
                                 PageScope{"demo", "c1", false}}) {
    EXPECT_EQ(FieldViolationsOf(ReadPageToken(other, token).status()).at(0).field, "page_token");
  }
}

TEST(TimelineOrderTest, WhatIsNoTokenIsRefused) {
  const PageScope scope{"demo", "", false};
  for (const std::string& token : {std::string("x"), std::string("%%%"),
                                   absl::WebSafeBase64Escape("1 2 3"), std::string(4096, 'A')}) {
    EXPECT_FALSE(ReadPageToken(scope, token).ok());
  }
}

TEST(TimelineOrderTest, WhatStandsInSeveralListsComesOnce) {
  const std::vector<std::vector<std::string>> lists = {{"5", "3", "1"}, {"4", "3"}, {}};
  const std::vector<Placed> merged = MergePositions(lists, /*oldest_first=*/false, 10);
  EXPECT_THAT(merged, ElementsAre(Placed{"5", 0}, Placed{"4", 1}, Placed{"3", 0}, Placed{"1", 0}));
}

// Pages of every size, taken one after another from the beginnings of the lists, give the whole
// list: nothing twice, nothing left out, while new entries come in behind.
TEST(TimelineOrderTest, PagesGiveTheWholeListWhateverTheirSize) {
  std::mt19937 random(11);
  for (int round = 0; round < 100; ++round) {
    std::vector<std::set<std::string>> lists(1 + random() % 4);
    std::set<std::string> all;
    for (int i = 0; i < 40; ++i) {
      const std::string position = PositionOf(Entry("e" + std::to_string(i), random() % 20));
      all.insert(position);
      lists[random() % lists.size()].insert(position);
      if (random() % 5 == 0) lists[random() % lists.size()].insert(position);
    }
    const size_t page = 1 + random() % 9;
    std::vector<std::string> read;
    std::string after;
    while (true) {
      std::vector<std::vector<std::string>> beginnings;
      for (const std::set<std::string>& list : lists) {
        std::vector<std::string>& beginning = beginnings.emplace_back();
        for (auto it = list.upper_bound(after); it != list.end() && beginning.size() <= page;
             ++it) {
          beginning.push_back(*it);
        }
      }
      std::vector<Placed> merged = MergePositions(beginnings, /*oldest_first=*/true, page + 1);
      const bool is_last = merged.size() <= page;
      if (!is_last) merged.resize(page);
      for (const Placed& placed : merged) read.push_back(placed.position);
      if (is_last) break;
      after = read.back();
    }
    EXPECT_EQ(read, std::vector<std::string>(all.begin(), all.end())) << "round " << round;
  }
}

}  // namespace
}  // namespace trama::profile
