// Rows at rest.

#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"
#include "services/kernel/table.h"

namespace trama {
namespace {

using Row = google::protobuf::StringValue;

// Different keys with the same KeyHash.
constexpr char kTwin[] = "t/16997742";
constexpr char kOtherTwin[] = "t/18167201";

// Takes nothing while it is full.
class PettyArchive : public MemoryArchive {
 public:
  std::optional<ArchivePlace> Append(std::string_view record) override {
    return full ? std::nullopt : MemoryArchive::Append(record);
  }
  bool full = false;
};

class TableRestTest : public ::testing::Test {
 protected:
  std::map<std::string, std::string> Changes() {
    std::vector<RowChange> changes;
    table.TakeChanges(changes);
    std::map<std::string, std::string> by_key;
    for (const RowChange& change : changes) {
      Row row;
      EXPECT_TRUE(row.ParseFromString(change.value.value_or("")));
      by_key[change.key] = change.value ? row.value() : "erased";
    }
    return by_key;
  }
  void PutToRest(const std::string& key, const std::string& value) {
    table.Put(key).set_value(value);
    Changes();
    ASSERT_EQ(table.CountAtRest(), table.size());
  }
  absl::Status LoadAll(const std::map<std::string, std::string>& values,
                       const std::set<std::string>& resting) {
    std::vector<RowBytes> rows;
    for (const auto& [key, value] : values) rows.push_back({key, value});
    return table.LoadAll(
        rows,
        [&](const std::string& key, const Row&) {
          return resting.contains(key) ? LoadedTo::kRest : LoadedTo::kMemory;
        },
        [&](uint64_t hash, const std::string& key, const Row& row, LoadedTo to) {
          EXPECT_EQ(hash, KeyHash(key));
          visited.push_back(
              absl::StrCat(key, "=", row.value(), to == LoadedTo::kRest ? " rests" : ""));
        });
  }

  PettyArchive* const archive = new PettyArchive;  // Owned by the table.
  Table<Row> table{"texts", std::unique_ptr<Archive>(archive)};
  std::vector<std::string> visited;
};

std::string Bytes(const std::string& value) {
  Row row;
  row.set_value(value);
  return row.SerializeAsString();
}

TEST_F(TableRestTest, AWrittenRowRestsAndIsFound) {
  PutToRest("a", "1");
  EXPECT_EQ(table.Find("a")->value(), "1");
  EXPECT_EQ(table.Find("b"), nullptr);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.CountAtRest(), 0u);
}

TEST_F(TableRestTest, WhatWasOnlyLookedForRestsAgainWhereItWas) {
  PutToRest("a", "1");
  table.Find("a");
  EXPECT_TRUE(Changes().empty());
  EXPECT_EQ(table.CountAtRest(), 1u);
  EXPECT_EQ(archive->size(), 1u);
  EXPECT_EQ(table.Find("a")->value(), "1");
}

TEST_F(TableRestTest, ARowThatChangesIsKeptAnew) {
  PutToRest("a", "1");
  table.Edit("a")->set_value("2");
  EXPECT_EQ(archive->size(), 0u);
  EXPECT_EQ(Changes().at("texts/a"), "2");
  table.Put("a").set_value("3");
  EXPECT_EQ(Changes().at("texts/a"), "3");
  EXPECT_EQ(archive->size(), 1u);
  EXPECT_EQ(table.Find("a")->value(), "3");
}

TEST_F(TableRestTest, ARowAtRestIsErased) {
  PutToRest("a", "1");
  table.Erase("a");
  EXPECT_EQ(table.Find("a"), nullptr);
  EXPECT_EQ(Changes().at("texts/a"), "erased");
  EXPECT_EQ(archive->size(), 0u);
  EXPECT_TRUE(table.empty());
}

TEST_F(TableRestTest, KeysOfOneHashAreToldApart) {
  ASSERT_EQ(KeyHash(kTwin), KeyHash(kOtherTwin));
  PutToRest(kTwin, "1");
  EXPECT_EQ(table.Find(kOtherTwin), nullptr);
  PutToRest(kOtherTwin, "2");
  EXPECT_EQ(table.Find(kTwin)->value(), "1");
  EXPECT_EQ(table.Find(kOtherTwin)->value(), "2");
  const std::string* key = table.FindKey(
      KeyHash(kTwin), [](const std::string&, const Row& row) { return row.value() == "2"; });
  EXPECT_EQ(*key, kOtherTwin);
  Changes();
  table.Erase(kTwin);
  EXPECT_EQ(table.Find(kTwin), nullptr);
  EXPECT_EQ(table.Find(kOtherTwin)->value(), "2");
}

TEST_F(TableRestTest, OnlyWhatMayRestDoes) {
  table.Put("a").set_value("1");
  table.Put("b").set_value("2");
  std::vector<RowChange> changes;
  const auto is_a = [](const std::string& key, const Row&) { return key == "a"; };
  table.TakeChanges(changes, is_a);
  EXPECT_EQ(table.CountAtRest(), 1u);
  // It is asked for again when somebody says so.
  Changes();
  EXPECT_EQ(table.CountAtRest(), 1u);
  table.Leave("b");
  EXPECT_TRUE(Changes().empty());
  EXPECT_EQ(table.CountAtRest(), 2u);
  EXPECT_EQ(table.Find("b")->value(), "2");
}

TEST_F(TableRestTest, WhatTheArchiveDoesNotTakeStaysInMemory) {
  archive->full = true;
  table.Put("a").set_value("1");
  EXPECT_EQ(Changes().at("texts/a"), "1");
  EXPECT_EQ(table.CountAtRest(), 0u);
  EXPECT_EQ(table.Find("a")->value(), "1");
  archive->full = false;
  table.Edit("a");
  Changes();
  EXPECT_EQ(table.CountAtRest(), 1u);
}

TEST_F(TableRestTest, RowsAreLoadedToRest) {
  ASSERT_TRUE(LoadAll({{"texts/a", Bytes("1")}, {"texts/b", Bytes("2")}}, {"a"}).ok());
  EXPECT_EQ(visited, (std::vector<std::string>{"a=1 rests", "b=2"}));
  EXPECT_EQ(table.CountAtRest(), 1u);
  EXPECT_EQ(table.Find("a")->value(), "1");
  EXPECT_EQ(table.Find("b")->value(), "2");
  EXPECT_TRUE(Changes().empty());
}

TEST_F(TableRestTest, WhatRestsUntilItIsAskedForIsAmongThoseAtHand) {
  const std::string bytes = Bytes("1");
  const std::vector<RowBytes> rows{{"texts/a", bytes}, {"texts/b", bytes}};
  ASSERT_TRUE(table
                  .LoadAll(
                      rows,
                      [](const std::string& key, const Row&) {
                        return key == "a" ? LoadedTo::kRestUntilAsked : LoadedTo::kRest;
                      },
                      [](const auto&...) {})
                  .ok());
  const auto at_hand = [&] {
    std::vector<std::string> keys;
    table.ForEachFrom(0, /*at_rest_too=*/false, [&](uint64_t, const std::string& key, const Row&) {
      keys.push_back(key);
      return true;
    });
    return keys;
  };
  EXPECT_EQ(at_hand(), std::vector<std::string>{"a"});
  EXPECT_EQ(table.CountAtRest(), 2u);

  const Row* row = table.Find("a");
  std::vector<RowChange> changes;
  table.TakeChanges(changes, [](const auto&...) { return false; });
  EXPECT_EQ(table.Find("a"), row);
  // From here on it rests as any other.
  table.Leave("a");
  EXPECT_TRUE(Changes().empty());
  EXPECT_EQ(table.CountAtRest(), 2u);
  EXPECT_TRUE(at_hand().empty());
}

TEST_F(TableRestTest, WhatTheArchiveDoesNotTakeIsLoadedToMemory) {
  archive->full = true;
  ASSERT_TRUE(LoadAll({{"texts/a", Bytes("1")}, {"texts/b", Bytes("2")}}, {"a", "b"}).ok());
  EXPECT_EQ(table.CountAtRest(), 0u);
  EXPECT_EQ(table.Find("a")->value(), "1");
  EXPECT_EQ(table.Find("b")->value(), "2");
}

TEST_F(TableRestTest, WhatLiesInAnArchiveThatIsTakenIsNotWrittenAgain) {
  const auto taken = std::make_shared<PettyArchive>();
  std::vector<RowBytes> rows;
  const std::string a = Bytes("1");
  const std::string b = Bytes("2");
  std::string record;
  for (const auto& [key, value] : {std::pair("a", &a), std::pair("b", &b)}) {
    WriteArchivedRow({key, *value}, record);
    rows.push_back({key[0] == 'a' ? "texts/a" : "texts/b", *value, taken->Append(record)});
  }
  taken->full = true;
  table.TakeArchive(taken);
  const auto where = [](const std::string& key, const Row&) {
    return key == "a" ? LoadedTo::kRest : LoadedTo::kMemory;
  };
  ASSERT_TRUE(table.LoadAll(rows, where, [](const auto&...) {}).ok());
  EXPECT_EQ(table.CountAtRest(), 1u);
  EXPECT_EQ(table.Find("a")->value(), "1");
  EXPECT_EQ(table.Find("b")->value(), "2");

  // Both go to rest where they lay.
  table.Leave("b");
  EXPECT_TRUE(Changes().empty());
  EXPECT_EQ(table.CountAtRest(), 2u);

  taken->full = false;
  table.Edit("b")->set_value("3");
  EXPECT_EQ(Changes().at("texts/b"), "3");
  EXPECT_EQ(taken->size(), 2u);
  EXPECT_EQ(table.Find("b")->value(), "3");
}

TEST_F(TableRestTest, ARowThatIsLoadedAgainReplacesTheOneAtRest) {
  ASSERT_TRUE(LoadAll({{"texts/a", Bytes("1")}}, {"a"}).ok());
  ASSERT_TRUE(LoadAll({{"texts/a", Bytes("2")}}, {"a"}).ok());
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(archive->size(), 1u);
  EXPECT_EQ(table.Find("a")->value(), "2");
}

TEST_F(TableRestTest, FieldsOfANewerReleaseSurvive) {
  const std::string newer = "\x0a\x01x\x12\x03new";  // Field 1 and the unknown field 2.
  ASSERT_TRUE(LoadAll({{"texts/a", newer}}, {"a"}).ok());
  table.Edit("a")->set_value("y");
  std::vector<RowChange> changes;
  table.TakeChanges(changes);
  EXPECT_NE(changes[0].value->find("new"), std::string::npos);
}

TEST_F(TableRestTest, AllAreVisitedWhereTheyLieInTheOrderOfTheirHashes) {
  std::set<std::pair<uint64_t, std::string>> expected;
  for (int i = 0; i < 100; ++i) {
    const std::string key = absl::StrCat("w", i % 3, "/", i);
    table.Put(key).set_value(key);
    if (i == 50) Changes();
    if (i % 3 == 1) expected.emplace(KeyHash(key), key);
  }
  size_t all = 0;
  table.ForEach([&](const std::string& key, const Row& row) {
    EXPECT_EQ(key, row.value());
    ++all;
  });
  EXPECT_EQ(all, 100u);
  // Those of one group lie together.
  std::set<std::pair<uint64_t, std::string>> group;
  uint64_t last = 0;
  const auto visit = [&](uint64_t hash, const std::string& key, const Row&) {
    if (hash >> 48 != KeyHashGroup("w1") >> 48) return false;
    EXPECT_GE(hash, last);
    last = hash;
    group.emplace(hash, key);
    return true;
  };
  table.ForEachFrom(KeyHashGroup("w1"), /*at_rest_too=*/true, visit);
  EXPECT_EQ(group, expected);
  EXPECT_EQ(table.CountAtRest(), 51u);
  group.clear();
  last = 0;
  table.ForEachFrom(KeyHashGroup("w1"), /*at_rest_too=*/false, visit);
  EXPECT_EQ(group.size(), 16u);
}

TEST_F(TableRestTest, InKeyOrderBringsAllBack) {
  PutToRest("b", "2");
  PutToRest("a", "1");
  const auto ordered = table.InKeyOrder();
  ASSERT_EQ(ordered.size(), 2u);
  EXPECT_EQ(ordered[0].first, "a");
  EXPECT_EQ(ordered[1].second->value(), "2");
}

}  // namespace
}  // namespace trama
