#include "services/profile/row_key.h"

#include "gtest/gtest.h"

namespace trama::profile {
namespace {

TEST(RowKeyTest, EveryRowIdReadsBack) {
  for (const RowKey& key : {IdentifierKey("demo", "a1"), AttributesKey("demo", "a1"),
                            LinkKey("demo.br", "l-1"), EntryKey("demo", "a1", "e1")}) {
    const absl::StatusOr<RowKey> read = ParseRowId(RowIdOf(key));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, key);
  }
  EXPECT_EQ(RowIdOf(EntryKey("demo", "a1", "e1")), "demo/entry/a1/e1");
}

TEST(RowKeyTest, WhatIsNoRowIdIsRefused) {
  for (const char* text : {"", "demo", "demo/entry/a1", "demo/link/a/b", "demo/person/a", "//",
                           "demo/identifier/a:b"}) {
    EXPECT_FALSE(ParseRowId(text).ok()) << text;
  }
}

}  // namespace
}  // namespace trama::profile
