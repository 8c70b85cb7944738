#include "services/platform/blob/blob_store.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/digest.h"
#include "services/platform/base/testing/temp_folder.h"
#include "services/platform/blob/folder_blob_store.h"
#include "services/platform/blob/memory_blob_store.h"

namespace trama::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Both stores keep the same promises.
class BlobStoreTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "memory") {
      store_ = std::make_unique<MemoryBlobStore>();
    } else {
      auto opened = FolderBlobStore::Open({.folder = folder_.path() + "/blobs"});
      ASSERT_TRUE(opened.ok()) << opened.status();
      store_ = *std::move(opened);
    }
  }

  TempFolder folder_;
  std::unique_ptr<BlobStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Stores, BlobStoreTest, ::testing::Values("memory", "folder"));

TEST_P(BlobStoreTest, GivesBackWhatWasPut) {
  const std::string bytes("\0\n\xff binary", 10);
  const std::string reference = *store_->Put("demo", "id-1", bytes, "image/jpeg");
  const Blob blob = *store_->Get(reference, 10);
  EXPECT_EQ(blob.bytes, bytes);
  EXPECT_EQ(blob.content_type, "image/jpeg");
}

TEST_P(BlobStoreTest, ReferenceNamesWorkspaceIdentifierAndContent) {
  EXPECT_EQ(*store_->Put("demo", "id-1", "hello", ""),
            absl::StrCat("demo/", HexSha256("id-1"), "/", HexSha256("hello")));
}

TEST_P(BlobStoreTest, EmptyBytesAndTypeAreAllowed) {
  const Blob blob = *store_->Get(*store_->Put("demo", "id-1", "", ""), 0);
  EXPECT_EQ(blob.bytes, "");
  EXPECT_EQ(blob.content_type, "application/octet-stream");
}

TEST_P(BlobStoreTest, SameBytesOfOneIdentifierAreStoredOnce) {
  EXPECT_EQ(*store_->Put("demo", "id-1", "hello", "text/plain"),
            *store_->Put("demo", "id-1", "hello", "text/plain"));
}

TEST_P(BlobStoreTest, SameBytesOfTwoPersonsAreTwoBlobs) {
  const std::string first = *store_->Put("demo", "id-1", "hello", "");
  const std::string second = *store_->Put("demo", "id-2", "hello", "");
  EXPECT_TRUE(store_->Delete(first).ok());
  EXPECT_EQ(store_->Get(second, 100)->bytes, "hello");
}

TEST_P(BlobStoreTest, DeletedBlobIsGoneAndDeletingAgainIsFine) {
  const std::string reference = *store_->Put("demo", "id-1", "hello", "");
  EXPECT_TRUE(store_->Delete(reference).ok());
  EXPECT_TRUE(store_->Delete(reference).ok());
  EXPECT_EQ(store_->Get(reference, 100).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(BlobStoreTest, DeletedBlobCanBePutAgain) {
  const std::string reference = *store_->Put("demo", "id-1", "hello", "text/plain");
  ASSERT_TRUE(store_->Delete(reference).ok());
  EXPECT_EQ(*store_->Put("demo", "id-1", "hello", "text/html"), reference);
  EXPECT_EQ(store_->Get(reference, 100)->content_type, "text/html");
}

TEST_P(BlobStoreTest, ErasingAnIdentifierErasesAllItsBlobsAndNoOthers) {
  const std::string a = *store_->Put("demo", "id-1", "a", "");
  const std::string b = *store_->Put("demo", "id-1", "b", "");
  const std::string other = *store_->Put("demo", "id-2", "a", "");
  const std::string elsewhere = *store_->Put("demo2", "id-1", "a", "");
  const auto erased = store_->DeleteIdentifier("demo", "id-1");
  ASSERT_TRUE(erased.ok()) << erased.status();
  EXPECT_EQ(*erased, 2);
  EXPECT_FALSE(store_->Get(a, 100).ok());
  EXPECT_FALSE(store_->Get(b, 100).ok());
  EXPECT_TRUE(store_->Get(other, 100).ok());
  EXPECT_TRUE(store_->Get(elsewhere, 100).ok());
  EXPECT_EQ(*store_->DeleteIdentifier("demo", "id-1"), 0) << "nothing any more";
}

TEST_P(BlobStoreTest, LongerThanAskedForIsRefused) {
  const std::string reference = *store_->Put("demo", "id-1", "12345", "");
  EXPECT_EQ(store_->Get(reference, 4).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(store_->Get(reference, 5).ok());
}

TEST_P(BlobStoreTest, NamesThatCouldLeaveTheFolderAreRefused) {
  for (const char* workspace : {"", ".", "..", ".tmp", "a/b", "../x", "a\\b", "a b", "a\n"}) {
    EXPECT_EQ(store_->Put(workspace, "id-1", "x", "").status().code(),
              absl::StatusCode::kInvalidArgument)
        << workspace;
    EXPECT_FALSE(store_->DeleteIdentifier(workspace, "id-1").ok()) << workspace;
  }
  const std::string hex = HexSha256("x");
  const std::string upper(64, 'A');
  for (const std::string& reference :
       {std::string(), std::string("demo"), absl::StrCat("../", hex, "/", hex),
        absl::StrCat("demo/../", hex), absl::StrCat("demo/", hex, "/", hex, "/x"),
        absl::StrCat("/demo/", hex, "/", hex), absl::StrCat("demo/", upper, "/", hex),
        absl::StrCat("demo/", hex, "/", hex, ".type"), absl::StrCat("demo//", hex)}) {
    EXPECT_EQ(store_->Get(reference, 100).status().code(), absl::StatusCode::kInvalidArgument)
        << reference;
    EXPECT_EQ(store_->Delete(reference).code(), absl::StatusCode::kInvalidArgument) << reference;
  }
}

TEST_P(BlobStoreTest, StrangeIdentifierKeysAreFine) {
  const std::string reference = *store_->Put("demo", "../../etc/passwd\n", "x", "");
  EXPECT_TRUE(store_->Get(reference, 100).ok());
}

TEST_P(BlobStoreTest, MissingKeyAndOddContentTypesAreRefused) {
  EXPECT_FALSE(store_->Put("demo", "", "x", "").ok());
  EXPECT_FALSE(store_->Put("demo", "id-1", "x", "text/plain\r\nx: y").ok());
  EXPECT_FALSE(store_->Put("demo", "id-1", "x", std::string(300, 'a')).ok());
}

TEST(MemoryBlobStoreTest, FailsWhenTold) {
  MemoryBlobStore store;
  store.FailWith(absl::UnavailableError("down"));
  EXPECT_EQ(store.Put("demo", "id-1", "x", "").status(), absl::UnavailableError("down"));
  store.FailWith(absl::OkStatus());
  EXPECT_TRUE(store.Put("demo", "id-1", "x", "").ok());
  EXPECT_EQ(store.size(), 1u);
}

class FolderBlobStoreTest : public ::testing::Test {
 protected:
  std::string root() const { return folder_.path() + "/blobs"; }
  std::unique_ptr<FolderBlobStore> Open() { return *FolderBlobStore::Open({.folder = root()}); }
  // Where the bytes of a reference are.
  std::string PathOf(const std::string& reference) {
    const BlobReference r = *ParseBlobReference(reference);
    return absl::StrCat(root(), "/", r.workspace, "/", r.identifier.substr(0, 2), "/",
                        r.identifier.substr(2, 2), "/", r.identifier, "/", r.sha256);
  }

  TempFolder folder_;
};

TEST_F(FolderBlobStoreTest, FilesLieWhereTheHeaderSays) {
  const std::string reference = *Open()->Put("demo", "id-1", "hello", "text/plain");
  std::ifstream bytes(PathOf(reference));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(bytes), {}), "hello");
  std::ifstream type(PathOf(reference) + ".type");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(type), {}), "text/plain");
}

TEST_F(FolderBlobStoreTest, SurvivesAReopening) {
  const std::string reference = *Open()->Put("demo", "id-1", "hello", "");
  EXPECT_EQ(Open()->Get(reference, 100)->bytes, "hello");
}

TEST_F(FolderBlobStoreTest, DamagedBytesAreDataLoss) {
  const auto store = Open();
  const std::string reference = *store->Put("demo", "id-1", "hello", "");
  std::ofstream(PathOf(reference)) << "hallo";
  EXPECT_EQ(store->Get(reference, 100).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(FolderBlobStoreTest, DoesNotFollowSymbolicLinks) {
  const auto store = Open();
  const std::string reference = *store->Put("demo", "id-1", "hello", "");
  const std::string secret = folder_.Write("secret", "hello");
  std::filesystem::remove(PathOf(reference));
  std::filesystem::create_symlink(secret, PathOf(reference));
  EXPECT_FALSE(store->Get(reference, 100).ok());
}

TEST_F(FolderBlobStoreTest, OnlyTheOwnerMayReadFilesAndFolders) {
  const std::string path = PathOf(*Open()->Put("demo", "id-1", "hello", ""));
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat((root() + "/demo").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(FolderBlobStoreTest, RefusesWhenTheReserveOfTheDiskIsReached) {
  const auto store = *FolderBlobStore::Open({.folder = root(), .free_bytes_min = int64_t{1} << 60});
  const absl::Status status = store->Put("demo", "id-1", "hello", "").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("make room"));
}

TEST_F(FolderBlobStoreTest, UnusableFolderIsAnErrorAtOnce) {
  const std::string file = folder_.Write("file", "x");
  const absl::Status status = FolderBlobStore::Open({.folder = file + "/below"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), StartsWith("blob store: folder " + file));
  EXPECT_EQ(FolderBlobStore::Open({}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(FolderBlobStoreTest, VanishedFolderIsUnavailable) {
  const auto store = Open();
  std::filesystem::remove_all(root());
  EXPECT_EQ(store->Put("demo", "id-1", "hello", "").status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(FolderBlobStoreTest, LeftoversOfDeadWritersAreErasedAtOpening) {
  Open();
  const std::string old = root() + "/.tmp/old";
  const std::string young = root() + "/.tmp/young";
  std::ofstream(old) << "half";
  std::ofstream(young) << "half";
  std::filesystem::last_write_time(
      old, std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
  Open();
  EXPECT_FALSE(std::filesystem::exists(old));
  EXPECT_TRUE(std::filesystem::exists(young));
}

TEST_F(FolderBlobStoreTest, ManyThreadsMayPutTheSame) {
  const auto store = Open();
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        const std::string bytes = absl::StrCat("blob ", i);
        const auto reference = store->Put("demo", "id-1", bytes, "text/plain");
        if (!reference.ok() || store->Get(*reference, 100)->bytes != bytes) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_TRUE(std::filesystem::is_empty(root() + "/.tmp"));
}

}  // namespace
}  // namespace trama::platform
