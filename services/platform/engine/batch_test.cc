#include "services/platform/engine/batch.h"

#include "gtest/gtest.h"

namespace trama::platform {
namespace {

TEST(BatchTest, RepliesAloneNeedNoTransaction) {
  Batch batch;
  batch.AddRelease(HeldReply{});
  EXPECT_FALSE(batch.durable());
  EXPECT_FALSE(batch.empty());
}

TEST(BatchTest, ARowOrARecordNeedsOne) {
  Batch rows;
  rows.PutRow("k", "v");
  EXPECT_TRUE(rows.durable());
  Batch records;
  records.AddRecord({.topic = "t"});
  EXPECT_TRUE(records.durable());
}

TEST(BatchTest, TheLastValueOfARowCounts) {
  Batch batch;
  batch.PutRow("k", "old");
  batch.PutRow("k", std::nullopt);
  ASSERT_EQ(batch.rows().size(), 1u);
  EXPECT_EQ(batch.rows().at("k"), std::nullopt);
}

TEST(BatchTest, BytesCountKeysValuesAndHeaders) {
  Batch batch;
  batch.AddRecord({.topic = "t", .key = "12", .value = "345", .headers = {{"6", "78"}}});
  EXPECT_EQ(batch.bytes(), 8u);
}

}  // namespace
}  // namespace trama::platform
