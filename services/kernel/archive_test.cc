#include "services/kernel/archive.h"

#include "gtest/gtest.h"

namespace trama {
namespace {

TEST(MemoryArchiveTest, WhatIsPutInIsReadAgain) {
  MemoryArchive archive;
  const ArchivePlace a = *archive.Append("a");
  const ArchivePlace empty = *archive.Append("");
  EXPECT_EQ(archive.Read(a), "a");
  EXPECT_EQ(archive.Read(empty), "");
}

TEST(MemoryArchiveTest, WhatIsReleasedMakesRoom) {
  MemoryArchive archive;
  const ArchivePlace a = *archive.Append("a");
  const ArchivePlace b = *archive.Append("b");
  archive.Release(a);
  EXPECT_EQ(archive.size(), 1u);
  EXPECT_EQ(archive.Read(*archive.Append("c")), "c");
  EXPECT_EQ(archive.Read(b), "b");
  EXPECT_EQ(archive.size(), 2u);
}

TEST(MemoryArchiveDeathTest, WhatIsReleasedCannotBeRead) {
  MemoryArchive archive;
  const ArchivePlace a = *archive.Append("a");
  archive.Release(a);
  EXPECT_DEATH(archive.Read(a), "broken promise");
}

}  // namespace
}  // namespace trama
