// Going through a store and erasing what is old, in a folder and in memory. In a bucket:
// s3_blob_store_test.cc.

#include "services/platform/blob/expire_blobs.h"

#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/base/testing/temp_folder.h"
#include "services/platform/blob/folder_blob_store.h"
#include "services/platform/blob/memory_blob_store.h"

namespace trama::platform {
namespace {

using ::testing::IsEmpty;

constexpr int kFiles = 7;

class ExpireBlobsTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "memory") {
      store_ = std::make_unique<MemoryBlobStore>();
    } else {
      auto opened = FolderBlobStore::Open({.folder = folder_.path()});
      ASSERT_TRUE(opened.ok()) << opened.status();
      store_ = *std::move(opened);
    }
    for (int i = 0; i < kFiles; ++i) {
      const auto put = store_->Put(i % 2 == 0 ? "demo" : "acme", absl::StrCat("id-", i % 3),
                                   absl::StrCat("file ", i), "");
      ASSERT_TRUE(put.ok()) << put.status();
      all_.insert(*put);
    }
  }

  std::set<std::string> Listed(size_t page_max) {
    std::set<std::string> listed;
    std::string after;
    do {
      const auto page = store_->List(after, page_max);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      EXPECT_LE(page->blobs.size(), page_max);
      for (const BlobPage::Entry& blob : page->blobs) {
        EXPECT_TRUE(listed.insert(blob.reference).second) << "twice: " << blob.reference;
      }
      after = page->next;
    } while (!after.empty());
    return listed;
  }

  TempFolder folder_;
  std::unique_ptr<BlobStore> store_;
  std::set<std::string> all_;
};

INSTANTIATE_TEST_SUITE_P(Stores, ExpireBlobsTest, ::testing::Values("memory", "folder"));

TEST_P(ExpireBlobsTest, EveryBlobIsListedOnceWhateverThePage) {
  for (const size_t page_max : {1, 2, 3, kFiles, kFiles + 1}) {
    EXPECT_EQ(Listed(page_max), all_) << page_max;
  }
}

TEST_P(ExpireBlobsTest, WhatIsOldIsErasedPageByPage) {
  BlobExpiry progress;
  const absl::Time future = absl::Now() + absl::Hours(1);
  ASSERT_TRUE(ExpireBlobs(*store_, {.before = future, .page_max = 2}, progress).ok());
  EXPECT_EQ(progress.seen, kFiles);
  EXPECT_EQ(progress.expired, kFiles);
  EXPECT_THAT(Listed(kBlobPageMax), IsEmpty());
}

TEST_P(ExpireBlobsTest, WhatIsYoungStays) {
  BlobExpiry progress;
  const absl::Time past = absl::Now() - absl::Hours(1);
  ASSERT_TRUE(ExpireBlobs(*store_, {.before = past}, progress).ok());
  EXPECT_EQ(progress.seen, kFiles);
  EXPECT_EQ(progress.expired, 0);
  EXPECT_EQ(Listed(kBlobPageMax), all_);
}

TEST_P(ExpireBlobsTest, ADryRunErasesNothing) {
  BlobExpiry progress;
  const absl::Time future = absl::Now() + absl::Hours(1);
  ASSERT_TRUE(ExpireBlobs(*store_, {.before = future, .dry_run = true}, progress).ok());
  EXPECT_EQ(progress.expired, kFiles);
  EXPECT_EQ(Listed(kBlobPageMax), all_);
}

TEST_P(ExpireBlobsTest, GoesOnWhereAnEarlierOneEnded) {
  BlobExpiry progress;
  progress.after = store_->List("", 3)->next;
  const absl::Time future = absl::Now() + absl::Hours(1);
  ASSERT_TRUE(ExpireBlobs(*store_, {.before = future, .page_max = 1}, progress).ok());
  EXPECT_EQ(progress.expired, kFiles - 3);
  EXPECT_EQ(Listed(kBlobPageMax).size(), 3u);
}

TEST(ExpireMemoryBlobsTest, AnErrorTellsWhatWasDone) {
  MemoryBlobStore store;
  store.FailWith(absl::UnavailableError("down"));
  BlobExpiry progress{.after = "here"};
  EXPECT_EQ(ExpireBlobs(store, {.before = absl::Now()}, progress), absl::UnavailableError("down"));
  EXPECT_EQ(progress.after, "here");
}

class ExpireFolderBlobsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = FolderBlobStore::Open({.folder = folder_.path()});
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }
  std::filesystem::path FolderOf(const std::string& reference) const {
    const BlobReference r = *ParseBlobReference(reference);
    return absl::StrCat(folder_.path(), "/", r.workspace, "/", r.identifier.substr(0, 2), "/",
                        r.identifier.substr(2, 2), "/", r.identifier);
  }
  // As if it had been put so long ago.
  void Age(const std::string& reference, std::chrono::hours age) {
    const auto path = FolderOf(reference) / ParseBlobReference(reference)->sha256;
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - age);
  }
  BlobExpiry Expire() {
    BlobExpiry progress;
    const absl::Status done =
        ExpireBlobs(*store_, {.before = absl::Now() - absl::Hours(24)}, progress);
    EXPECT_TRUE(done.ok()) << done;
    return progress;
  }

  TempFolder folder_;
  std::unique_ptr<FolderBlobStore> store_;
};

TEST_F(ExpireFolderBlobsTest, OnlyTheOldOnesGoAndLeaveNoFolder) {
  const std::string old_one = *store_->Put("demo", "id-1", "old", "");
  const std::string young = *store_->Put("demo", "id-2", "young", "");
  Age(old_one, std::chrono::hours(25));
  Age(young, std::chrono::hours(23));
  EXPECT_EQ(Expire().expired, 1);
  EXPECT_FALSE(std::filesystem::exists(FolderOf(old_one)));
  EXPECT_TRUE(store_->Get(young, 100).ok());
  EXPECT_EQ(*store_->Put("demo", "id-1", "old", ""), old_one) << "the folder is made again";
}

TEST_F(ExpireFolderBlobsTest, WhatWasPutAgainIsYoung) {
  const std::string reference = *store_->Put("demo", "id-1", "a logo in every mail", "");
  Age(reference, std::chrono::hours(1000));
  ASSERT_TRUE(store_->Put("demo", "id-1", "a logo in every mail", "").ok());
  EXPECT_EQ(Expire().expired, 0);
}

TEST_F(ExpireFolderBlobsTest, WhatOthersKeepThereStays) {
  folder_.Write("notes.txt", "mine");
  std::filesystem::create_directories(folder_.path() + "/demo/ab/cd/not-hex");
  folder_.Write("demo/ab/cd/not-hex/file", "mine");
  EXPECT_EQ(Expire().seen, 0);
  EXPECT_TRUE(std::filesystem::exists(folder_.path() + "/demo/ab/cd/not-hex/file"));
}

TEST_F(ExpireFolderBlobsTest, AFolderThatMustBeThereIsNotMade) {
  const std::string missing = folder_.path() + "/misspelled";
  EXPECT_TRUE(
      absl::IsNotFound(FolderBlobStore::Open({.folder = missing, .make_folder = false}).status()));
  EXPECT_FALSE(std::filesystem::exists(missing));
}

}  // namespace
}  // namespace trama::platform
