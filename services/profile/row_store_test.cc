#include "services/profile/row_store.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/profile/redis_batch.h"
#include "services/profile/redis_layout.h"
#include "services/profile/redis_scripts.h"
#include "services/profile/shard_calls.h"
#include "services/profile/testing_service.h"

// The store and its scripts on a real Redis that the service has filled.
namespace trama::profile {
namespace {

using testing::kWorkspace;

class RowStoreTest : public testing::ProfileTest {
 protected:
  RowStore& store() { return replica().store(); }

  // Reads the entries with these ids of a customer, gives them `text` and puts them.
  absl::StatusOr<std::optional<RowStore::Receipt>> Put(const std::string& customer,
                                                       const std::vector<std::string>& ids,
                                                       const std::string& text,
                                                       const std::string& talk = "talk") {
    const RowSet rows = Edited(customer, ids, text, talk);
    return store().Put(rows.Touched());
  }

  RowSet Edited(const std::string& customer, const std::vector<std::string>& ids,
                const std::string& text, const std::string& talk = "talk") {
    std::vector<RowKey> keys;
    for (const std::string& id : ids) keys.push_back(EntryKey(kWorkspace, customer, id));
    auto read = store().Read(keys);
    EXPECT_TRUE(read.ok()) << read.status();
    RowSet rows;
    for (size_t i = 0; i < keys.size(); ++i) {
      rows.Load(keys[i], std::move((*read)[i]));
      v1::TimelineEntry entry;
      entry.set_entry_id(ids[i]);
      entry.set_conversation_id(talk);
      entry.set_summary(text);
      rows.Put(keys[i], entry);
    }
    return rows;
  }

  std::vector<int64_t> Versions(const std::string& customer, const std::vector<std::string>& ids) {
    std::vector<RowKey> keys;
    for (const std::string& id : ids) keys.push_back(EntryKey(kWorkspace, customer, id));
    return *store().Versions(keys);
  }
};

TEST_F(RowStoreTest, MoreRowsThanOneCallTakesComeBackInTheirOrder) {
  std::vector<std::string> ids;
  for (size_t i = 0; i < 2 * ShardCalls::kRowsMax + 1; ++i) ids.push_back(absl::StrCat("e", i));
  ASSERT_TRUE((*Put("ana", ids, "first")).has_value());
  ASSERT_TRUE((*Put("bob", {"e0"}, "first")).has_value());
  ASSERT_TRUE((*Put("ana", {"e7"}, "second")).has_value());

  std::vector<RowKey> keys = {EntryKey(kWorkspace, "bob", "e0"), IdentifierKey(kWorkspace, "bob")};
  for (const std::string& id : ids) keys.push_back(EntryKey(kWorkspace, "ana", id));
  const auto rows = store().Read(keys);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), keys.size());
  EXPECT_FALSE((*rows)[1].has_value());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i == 1) continue;
    ASSERT_TRUE((*rows)[i].has_value()) << i;
    EXPECT_EQ((*rows)[i]->row_id(), RowIdOf(keys[i]));
    EXPECT_EQ((*rows)[i]->entry().summary(), i == 2 + 7 ? "second" : "first");
  }
  const auto talk = store().ReadPositions(kWorkspace, {"ana", "bob"},
                                          {.conversation_id = "talk", .after = "", .limit = 1000});
  ASSERT_TRUE(talk.ok()) << talk.status();
  EXPECT_EQ((*talk)[0].size(), ids.size());
  EXPECT_EQ((*talk)[1].size(), 1u);
}

// A row that changes without moving leaves the index as it is; this one moves.
TEST_F(RowStoreTest, AnEntryThatGetsItsConversationLaterIsFoundThere) {
  const auto in = [&](const std::string& talk) {
    return store()
        .ReadPositions(kWorkspace, {"ana"}, {.conversation_id = talk, .after = "", .limit = 10})
        ->front()
        .size();
  };
  ASSERT_TRUE((*Put("ana", {"e1"}, "first", /*talk=*/"")).has_value());
  EXPECT_EQ(in("talk"), 0u);
  ASSERT_TRUE((*Put("ana", {"e1"}, "second", /*talk=*/"")).has_value());
  EXPECT_EQ(in("talk"), 0u);
  ASSERT_TRUE((*Put("ana", {"e1"}, "second", "talk")).has_value());
  EXPECT_EQ(in("talk"), 1u);
  ASSERT_TRUE((*Put("ana", {"e1"}, "third", "talk")).has_value());
  EXPECT_EQ(in("talk"), 1u);
  EXPECT_EQ(in(""), 1u);
}

TEST_F(RowStoreTest, RowsOfOneShardAreAnsweredEachForItselfHoweverTheyLie) {
  RowSet rows;
  const auto add = [&](const std::string& id, const std::string& talk) {
    v1::TimelineEntry entry;
    entry.set_entry_id(id);
    entry.set_conversation_id(talk);
    entry.set_summary(id);
    rows.Load(EntryKey(kWorkspace, "ana", id), std::nullopt);
    rows.Put(EntryKey(kWorkspace, "ana", id), entry);
  };
  add("e1", "a");
  add("e2", "b");
  add("e3", "");
  add("e4", "a");
  ASSERT_TRUE((*Put("ana", {"e2"}, "taken")).has_value());
  EXPECT_FALSE((*store().Put(rows.Touched())).has_value());
  const auto in = [&](const std::string& talk) {
    return store()
        .ReadPositions(kWorkspace, {"ana"}, {.conversation_id = talk, .after = "", .limit = 10})
        ->front()
        .size();
  };
  EXPECT_THAT(Versions("ana", {"e1", "e2", "e3", "e4"}), ::testing::ElementsAre(1, 1, 1, 1));
  // Another customer of the shard stands between them.
  const int shard = TimelineShard(kWorkspace, "ana");
  std::string neighbour;
  for (int i = 0; neighbour.empty() || TimelineShard(kWorkspace, neighbour) != shard; ++i) {
    ASSERT_LT(i, 1000 * kShards) << "no customer lies in the shard of ana";
    neighbour = absl::StrCat("bob", i);
  }
  ASSERT_TRUE((*Put(neighbour, {"e1"}, "his")).has_value());
  const auto read =
      store().Read({EntryKey(kWorkspace, "ana", "e3"), EntryKey(kWorkspace, neighbour, "e1"),
                    EntryKey(kWorkspace, "ana", "e2")});
  EXPECT_EQ((*read)[0]->entry().summary(), "e3");
  EXPECT_EQ((*read)[1]->entry().summary(), "his");
  EXPECT_EQ((*read)[2]->entry().summary(), "taken");
  EXPECT_EQ(in("a"), 2u);
  EXPECT_EQ(in("b"), 0u);
  EXPECT_EQ(in(""), 4u);
}

// Replicas may have appended the versions of a row in another order.
TEST_F(RowStoreTest, WhileRestoringTheNewestVersionStandsInWhateverOrderTheyCome) {
  ShardCalls calls = ShardCalls::ToPut(/*marker=*/"", "restorer");
  for (const int64_t version : {2, 3, 1}) {
    v1::ProfileRow row;
    row.set_version(version);
    row.mutable_entry()->set_entry_id("e1");
    calls.AddPut(
        {.key = EntryKey(kWorkspace, "ana", "e1"), .row = &row, .bytes = row.SerializeAsString()});
  }
  RedisBatch batch(store().redis());
  calls.Send(PutRowsScript(), batch);
  for (const auto& reply : batch.Finish()) ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_THAT(Versions("ana", {"e1"}), ::testing::ElementsAre(3));
}

TEST_F(RowStoreTest, ARowThatSomebodyElseHasChangedIsNotPut) {
  const RowSet late = Edited("ana", {"new"}, "late");
  ASSERT_TRUE((*Put("ana", {"new"}, "first")).has_value());
  const auto put = store().Put(late.Touched());
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_FALSE(put->has_value());

  const RowSet old = Edited("ana", {"new", "other"}, "late");
  ASSERT_TRUE((*Put("ana", {"new"}, "second")).has_value());
  EXPECT_FALSE((*store().Put(old.Touched())).has_value());
  EXPECT_THAT(Versions("ana", {"new", "other"}), ::testing::ElementsAre(2, 1));
}

TEST_F(RowStoreTest, WhoHasPutLastIntoAShardKnowsIt) {
  const auto first = *Put("ana", {"e1"}, "first");
  ASSERT_TRUE(first.has_value());
  ASSERT_EQ(first->shards, std::vector<int>{TimelineShard(kWorkspace, "ana")});
  EXPECT_TRUE(*store().IsNewest(*first));

  std::string elsewhere = "bob";
  while (TimelineShard(kWorkspace, elsewhere) == first->shards.front()) elsewhere += "b";
  ASSERT_TRUE((*Put(elsewhere, {"e1"}, "first")).has_value());
  EXPECT_TRUE(*store().IsNewest(*first));

  // Another row of the shard: nobody can tell any more, though this one has not changed.
  ASSERT_TRUE((*Put("ana", {"e2"}, "first")).has_value());
  EXPECT_FALSE(*store().IsNewest(*first));
  EXPECT_THAT(Versions("ana", {"e1"}), ::testing::ElementsAre(1));

  const auto last = *Put("ana", {"e2"}, "second");
  EXPECT_TRUE(*store().IsNewest(*last));
  ASSERT_EQ(world_.redis->Tell("FLUSHALL"), "+OK");
  EXPECT_FALSE(*store().IsNewest(*last));
}

}  // namespace
}  // namespace trama::profile
