#include "services/platform/engine/changelog_rows.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "key=value" of each row, table by table.
std::vector<std::string> All(const ChangelogRows& rows) {
  std::vector<std::string> all;
  for (const auto& [name, table] : rows.Tables()) {
    const absl::Status given = ChangelogRows::Give(table, [&](std::span<const RowBytes> piece) {
      for (const RowBytes& row : piece) {
        all.push_back(absl::StrCat(ToAbsl(row.key), "=", ToAbsl(row.value)));
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(given.ok()) << given;
  }
  return all;
}

TEST(ChangelogRowsTest, TheNewestVersionCountsAtThePlaceOfTheFirst) {
  ChangelogRows rows(MakeMemoryArchive);
  rows.Take("clock/b", "1");
  rows.Take("clock/a", "1");
  rows.Take("clock/b", "2");
  EXPECT_THAT(All(rows), ElementsAre("clock/b=2", "clock/a=1"));
}

// So their values lie in another order than they are given in.
TEST(ChangelogRowsTest, RowsThatWereWrittenAgainHaveTheirOwnValues) {
  ChangelogRows rows(MakeMemoryArchive);
  for (const char* key : {"clock/a", "clock/b", "clock/c", "clock/d"}) rows.Take(key, "1");
  rows.Take("clock/c", "33");
  rows.Take("clock/a", "111");
  EXPECT_THAT(All(rows), ElementsAre("clock/a=111", "clock/b=1", "clock/c=33", "clock/d=1"));
}

TEST(ChangelogRowsTest, AnErasedRowIsGoneUntilItIsWrittenAgain) {
  ChangelogRows rows(MakeMemoryArchive);
  rows.Take("clock/a", "1");
  rows.Take("clock/a", std::nullopt);
  rows.Take("clock/b", std::nullopt);
  EXPECT_THAT(All(rows), IsEmpty());
  rows.Take("clock/a", "2");
  EXPECT_THAT(All(rows), ElementsAre("clock/a=2"));
}

TEST(ChangelogRowsTest, ATableIsWhatStandsBeforeTheFirstSlash) {
  ChangelogRows rows(MakeMemoryArchive);
  rows.Take("seen/x/1", "1");
  rows.Take("loop/offset/seen/2", "2");
  rows.Take("seen/y", "3");
  const auto tables = rows.Tables();
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables.at("loop").rows.size(), 1u);
  EXPECT_EQ(tables.at("seen").rows.size(), 2u);
}

TEST(ChangelogRowsTest, RowsAreGivenWithTheirPlacesInAnArchiveThatOutlivesThem) {
  std::shared_ptr<Archive> archive;
  ArchivePlace place{};
  {
    ChangelogRows rows(MakeMemoryArchive);
    rows.Take("clock/a/1", "old");
    rows.Take("clock/a/1", "new");
    const auto tables = rows.Tables();
    archive = tables.at("clock").archive;
    ASSERT_TRUE(ChangelogRows::Give(tables.at("clock"), [&](std::span<const RowBytes> piece) {
                  place = piece.front().place.value();
                  return absl::OkStatus();
                }).ok());
  }
  const ArchivedRow row = ReadArchivedRow(archive->Read(place));
  EXPECT_EQ(row.key, "a/1");
  EXPECT_EQ(row.value, "new");
}

// Short keys live inside their strings, which must not move.
TEST(ChangelogRowsTest, ManyShortKeysStayApart) {
  constexpr int kKeys = 10'000;  // More than one piece.
  ChangelogRows rows(MakeMemoryArchive);
  for (const char* value : {"old", "new"}) {
    for (int i = 0; i < kKeys; ++i) rows.Take(absl::StrCat("t/", i), value);
  }
  const std::vector<std::string> all = All(rows);
  ASSERT_EQ(all.size(), static_cast<size_t>(kKeys));
  EXPECT_EQ(all.front(), "t/0=new");
  EXPECT_EQ(all.back(), absl::StrCat("t/", kKeys - 1, "=new"));
}

TEST(ChangelogRowsTest, ALoadThatFailsEndsIt) {
  ChangelogRows rows(MakeMemoryArchive);
  for (int i = 0; i < 10'000; ++i) rows.Take(absl::StrCat("t/", i), "x");
  int pieces = 0;
  const absl::Status given =
      ChangelogRows::Give(rows.Tables().at("t"), [&](std::span<const RowBytes>) {
        ++pieces;
        return absl::DataLossError("no row");
      });
  EXPECT_EQ(given, absl::DataLossError("no row"));
  EXPECT_EQ(pieces, 1);
}

// Takes nothing.
class FullArchive : public Archive {
 public:
  std::optional<ArchivePlace> Append(std::string_view) override { return std::nullopt; }
  std::string_view Read(ArchivePlace) override { return {}; }
  void Release(ArchivePlace) override {}
};

TEST(ChangelogRowsTest, WhatTheArchiveDoesNotTakeStaysInMemory) {
  ChangelogRows rows([] { return std::make_unique<FullArchive>(); });
  rows.Take("t/a", "1");
  rows.Take("t/b", "2");
  rows.Take("t/a", "3");
  rows.Take("t/b", std::nullopt);
  EXPECT_THAT(All(rows), ElementsAre("t/a=3"));
}

}  // namespace
}  // namespace trama::platform
