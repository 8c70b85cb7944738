#include "services/platform/engine/changelog_rows.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "key=value" of each row, table by table.
std::vector<std::string> All(const ChangelogRows& rows) {
  std::vector<std::string> all;
  for (const auto& [name, table] : rows.Tables()) {
    for (const ChangelogRows::Row* row : table) {
      all.push_back(absl::StrCat(row->key, "=", *row->value));
    }
  }
  return all;
}

TEST(ChangelogRowsTest, TheNewestVersionCountsAtThePlaceOfTheFirst) {
  ChangelogRows rows;
  rows.Take("clock/b", "1");
  rows.Take("clock/a", "1");
  rows.Take("clock/b", "2");
  EXPECT_THAT(All(rows), ElementsAre("clock/b=2", "clock/a=1"));
}

TEST(ChangelogRowsTest, AnErasedRowIsGoneUntilItIsWrittenAgain) {
  ChangelogRows rows;
  rows.Take("clock/a", "1");
  rows.Take("clock/a", std::nullopt);
  rows.Take("clock/b", std::nullopt);
  EXPECT_THAT(All(rows), IsEmpty());
  rows.Take("clock/a", "2");
  EXPECT_THAT(All(rows), ElementsAre("clock/a=2"));
}

TEST(ChangelogRowsTest, ATableIsWhatStandsBeforeTheFirstSlash) {
  ChangelogRows rows;
  rows.Take("seen/x/1", "1");
  rows.Take("loop/offset/seen/2", "2");
  rows.Take("seen/y", "3");
  const auto tables = rows.Tables();
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables.at("loop").size(), 1u);
  EXPECT_EQ(tables.at("seen").size(), 2u);
}

// Short keys live inside their strings, which must not move.
TEST(ChangelogRowsTest, ManyShortKeysStayApart) {
  constexpr int kKeys = 5000;
  ChangelogRows rows;
  for (const char* value : {"old", "new"}) {
    for (int i = 0; i < kKeys; ++i) rows.Take(absl::StrCat("t/", i), value);
  }
  const std::vector<std::string> all = All(rows);
  ASSERT_EQ(all.size(), static_cast<size_t>(kKeys));
  EXPECT_EQ(all.front(), "t/0=new");
  EXPECT_EQ(all.back(), absl::StrCat("t/", kKeys - 1, "=new"));
}

}  // namespace
}  // namespace trama::platform
