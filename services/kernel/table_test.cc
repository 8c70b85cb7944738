#include "services/kernel/table.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"

namespace trama {
namespace {

using Row = google::protobuf::StringValue;

std::vector<RowChange> Changes(Table<Row>& table) {
  std::vector<RowChange> changes;
  table.TakeChanges(changes);
  return changes;
}

TEST(TableTest, ChangesComeOnceEachInKeyOrder) {
  Table<Row> table("texts");
  table.Put("b").set_value("1");
  table.Put("a").set_value("2");
  table.Edit("b")->set_value("3");
  const std::vector<RowChange> changes = Changes(table);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].key, "texts/a");
  EXPECT_EQ(changes[1].key, "texts/b");
  Row row;
  ASSERT_TRUE(row.ParseFromString(*changes[1].value));
  EXPECT_EQ(row.value(), "3");
  EXPECT_TRUE(Changes(table).empty());
}

TEST(TableTest, AnErasedRowIsAChangeWithoutValue) {
  Table<Row> table("texts");
  table.Put("a");
  Changes(table);
  table.Erase("a");
  table.Erase("never there");
  const std::vector<RowChange> changes = Changes(table);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].key, "texts/a");
  EXPECT_FALSE(changes[0].value.has_value());
  EXPECT_EQ(table.Find("a"), nullptr);
}

TEST(TableTest, ManyRowsAreLoadedInTheirOrder) {
  constexpr int kRows = 10'000;
  std::vector<std::pair<std::string, std::string>> stored;
  for (int i = kRows; i > 0; --i) {
    Row row;
    row.set_value(absl::StrCat("value ", i));
    stored.emplace_back(absl::StrCat("texts/key/", i), row.SerializeAsString());
  }
  const std::vector<RowBytes> rows = [&] {
    std::vector<RowBytes> all;
    for (const auto& [key, value] : stored) all.push_back({key, value});
    return all;
  }();
  Table<Row> table("texts");
  std::vector<const Row*> loaded;
  const absl::Status status = table.LoadAll(
      rows, [](const auto&...) { return LoadedTo::kRest; },
      [&](uint64_t, const std::string&, const Row& row, LoadedTo to) {
        EXPECT_EQ(to, LoadedTo::kMemory);  // There is no archive.
        loaded.push_back(&row);
      });
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(loaded.size(), rows.size());
  for (int i = 0; i < kRows; ++i) {
    const Row* row = loaded[static_cast<size_t>(i)];
    ASSERT_EQ(row->value(), absl::StrCat("value ", kRows - i));
    ASSERT_EQ(table.Find(absl::StrCat("key/", kRows - i)), row);
  }
  EXPECT_TRUE(Changes(table).empty());

  // One bad row among them.
  std::vector<RowBytes> bad = rows;
  bad[kRows - 7].value = "\xff";
  const auto nothing = [](const auto&...) {};
  const auto to_memory = [](const auto&...) { return LoadedTo::kMemory; };
  EXPECT_EQ(Table<Row>("texts").LoadAll(bad, to_memory, nothing).message(),
            "row texts/key/7 is not a google.protobuf.StringValue");
}

TEST(TableTest, ARowThatWasErasedAndMadeAgainChangesOnce) {
  Table<Row> table("texts");
  table.Put("a").set_value("1");
  Changes(table);
  table.Put("a").set_value("2");
  table.Erase("a");
  table.Put("a").set_value("3");
  const std::vector<RowChange> changes = Changes(table);
  ASSERT_EQ(changes.size(), 1u);
  Row row;
  ASSERT_TRUE(row.ParseFromString(*changes[0].value));
  EXPECT_EQ(row.value(), "3");
}

TEST(TableTest, ARowIsAChangeAgainAfterItWasTaken) {
  Table<Row> table("texts");
  table.Put("a").set_value("1");
  EXPECT_EQ(Changes(table).size(), 1u);
  table.Edit("a")->set_value("2");
  EXPECT_EQ(Changes(table).size(), 1u);
}

TEST(TableTest, LoadedRowsAreNoChanges) {
  Row row;
  row.set_value("x");
  Table<Row> table("texts");
  ASSERT_TRUE(table.Load("a", row.SerializeAsString()).ok());
  EXPECT_EQ(table.Find("a")->value(), "x");
  EXPECT_TRUE(Changes(table).empty());
}

TEST(TableTest, ARowThatIsNoMessageIsRefused) {
  Table<Row> table("texts");
  EXPECT_EQ(table.Load("a", "\xFF\xFF").status().code(), absl::StatusCode::kDataLoss);
}

TEST(TableTest, FieldsOfANewerReleaseSurvive) {
  const std::string newer = "\x0a\x01x\x12\x03new";  // Field 1 and the unknown field 2.
  Table<Row> table("texts");
  ASSERT_TRUE(table.Load("a", newer).ok());
  table.Edit("a")->set_value("y");
  EXPECT_NE(Changes(table)[0].value->find("new"), std::string::npos);
}

TEST(TableTest, RowKeysSplitAtTheFirstSlash) {
  const auto [table, key] = SplitRowKey("texts/a/b");
  EXPECT_EQ(table, "texts");
  EXPECT_EQ(key, "a/b");
}

}  // namespace
}  // namespace trama
