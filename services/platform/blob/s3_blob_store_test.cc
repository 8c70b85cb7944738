// On a server that checks signatures, from the environment: TRAMA_TEST_S3 is a --blob_url,
// TRAMA_TEST_S3_ACCESS_KEY and TRAMA_TEST_S3_SECRET_KEY the keys of an account that may all.

#include "services/platform/blob/s3_blob_store.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/blob/expire_blobs.h"
#include "services/platform/blob/open_blob_store.h"
#include "services/platform/net/io_threads.h"

namespace trama::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr size_t kMany = 1 << 20;

class S3BlobStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"", "_ACCESS_KEY", "_SECRET_KEY"}) {
      ASSERT_NE(std::getenv(absl::StrCat("TRAMA_TEST_S3", name).c_str()), nullptr)
          << "set TRAMA_TEST_S3" << name << ", see tests/blob/s3_test.py";
    }
    auto place = ParseBlobUrl(std::getenv("TRAMA_TEST_S3"));
    ASSERT_TRUE(place.ok()) << place.status();
    options_ = *std::move(place->s3);
    options_.key.access_key = std::getenv("TRAMA_TEST_S3_ACCESS_KEY");
    options_.key.secret_key = std::getenv("TRAMA_TEST_S3_SECRET_KEY");
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    options_.prefix = absl::StrCat("test/", test->name());
  }
  void TearDown() override { io_.Stop(); }

  absl::StatusOr<std::unique_ptr<S3BlobStore>> Open() {
    return S3BlobStore::Open(io_.context(), clock_, options_);
  }
  void MustOpen() {
    auto opened = Open();
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }
  std::string Put(std::string_view identifier, std::string_view bytes,
                  std::string_view type = "image/jpeg") {
    const auto put = store_->Put("demo", identifier, bytes, type);
    EXPECT_TRUE(put.ok()) << put.status();
    return put.value_or("");
  }

  IoThreads io_{1};
  SystemClock clock_;
  S3BlobOptions options_;
  std::unique_ptr<S3BlobStore> store_;
};

TEST_F(S3BlobStoreTest, WhatWasPutIsThere) {
  MustOpen();
  const std::string bytes("a\0b\r\n\xFF", 6);
  const std::string reference = Put("maria", bytes);
  const auto got = store_->Get(reference, kMany);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->bytes, bytes);
  EXPECT_EQ(got->content_type, "image/jpeg");
  EXPECT_EQ(Put("maria", bytes), reference) << "the same again";
  EXPECT_NE(Put("paulo", bytes), reference) << "never shared between persons";
}

TEST_F(S3BlobStoreTest, AnEmptyBlobIsABlob) {
  MustOpen();
  const auto got = store_->Get(Put("maria", "", ""), 0);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->bytes, "");
  EXPECT_EQ(got->content_type, kDefaultContentType);
}

TEST_F(S3BlobStoreTest, NoMoreIsReadThanWasAskedFor) {
  MustOpen();
  const std::string reference = Put("maria", std::string(kMany, 'x'));
  const auto refused = store_->Get(reference, 1000);
  EXPECT_TRUE(absl::IsResourceExhausted(refused.status())) << refused.status();
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("has 1048576 bytes"));
  EXPECT_TRUE(store_->Get(reference, kMany).ok()) << "just as long";
}

TEST_F(S3BlobStoreTest, WhatIsErasedIsGone) {
  MustOpen();
  const std::string reference = Put("maria", "a file");
  ASSERT_TRUE(store_->Delete(reference).ok());
  EXPECT_TRUE(absl::IsNotFound(store_->Get(reference, kMany).status()));
  EXPECT_TRUE(store_->Delete(reference).ok()) << "nothing any more";
}

TEST_F(S3BlobStoreTest, APersonIsErasedWithAllFilesAndNobodyElse) {
  MustOpen();
  std::vector<std::string> hers;
  for (int i = 0; i < 5; ++i) hers.push_back(Put("maria", absl::StrCat("file ", i)));
  const std::string his = Put("paulo", "file 0");
  const auto erased = store_->DeleteIdentifier("demo", "maria");
  ASSERT_TRUE(erased.ok()) << erased.status();
  EXPECT_EQ(*erased, 5);
  for (const std::string& reference : hers) {
    EXPECT_TRUE(absl::IsNotFound(store_->Get(reference, kMany).status()));
  }
  EXPECT_TRUE(store_->Get(his, kMany).ok());
  EXPECT_TRUE(store_->DeleteIdentifier("demo", "maria").ok()) << "nothing any more";
}

TEST_F(S3BlobStoreTest, WhatIsOldExpiresPageByPage) {
  MustOpen();
  for (int i = 0; i < 5; ++i) Put(absl::StrCat("person ", i), "a file");
  const absl::Time now = clock_.Now();
  BlobExpiry young;
  absl::Status done = ExpireBlobs(*store_, {.before = now - absl::Hours(1), .page_max = 2}, young);
  ASSERT_TRUE(done.ok()) << done;
  EXPECT_EQ(young.seen, 5);
  EXPECT_EQ(young.expired, 0);

  BlobExpiry rest{.after = store_->List("", 2)->next};
  done = ExpireBlobs(*store_, {.before = now + absl::Hours(1), .page_max = 2}, rest);
  ASSERT_TRUE(done.ok()) << done;
  EXPECT_EQ(rest.expired, 3) << "goes on behind the first two";
  const auto left = store_->List("", kBlobPageMax);
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_EQ(left->blobs.size(), 2u);
  EXPECT_EQ(left->next, "");
}

TEST_F(S3BlobStoreTest, ExpiryStaysBelowThePrefix) {
  const std::string prefix = options_.prefix;
  options_.prefix = prefix + "/neighbour";
  MustOpen();
  const std::string others = Put("maria", "a file");
  const auto neighbour = std::move(store_);
  options_.prefix = prefix + "/neigh";
  MustOpen();
  Put("maria", "a file");
  BlobExpiry progress;
  const absl::Status done =
      ExpireBlobs(*store_, {.before = clock_.Now() + absl::Hours(1)}, progress);
  ASSERT_TRUE(done.ok()) << done;
  EXPECT_EQ(progress.expired, 1);
  EXPECT_TRUE(neighbour->Get(others, kMany).ok());
}

TEST_F(S3BlobStoreTest, TheServerRefusesAWrongKey) {
  options_.key.secret_key += "x";
  const absl::Status refused = Open().status();
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("SignatureDoesNotMatch; check the keys"));
  EXPECT_THAT(std::string(refused.message()), Not(HasSubstr(options_.key.secret_key)));
}

TEST_F(S3BlobStoreTest, AMissingBucketIsNoMissingFile) {
  options_.bucket = "nobodys-bucket";
  const absl::Status refused = Open().status();
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("NoSuchBucket; make the bucket"));
}

TEST_F(S3BlobStoreTest, ABucketThatKeepsVersionsIsRefused) {
  options_.bucket = std::getenv("TRAMA_TEST_S3_VERSIONED");
  EXPECT_THAT(std::string(Open().status().message()), HasSubstr("keeps versions"));
}

TEST_F(S3BlobStoreTest, WithoutAServerItIsUnavailable) {
  options_.endpoint.port = 1;
  EXPECT_TRUE(absl::IsUnavailable(Open().status()));
}

TEST_F(S3BlobStoreTest, WhatIsNoReferenceIsRefused) {
  MustOpen();
  EXPECT_TRUE(absl::IsInvalidArgument(store_->Get("../other", kMany).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(store_->Put("a/b", "maria", "x", "").status()));
}

}  // namespace
}  // namespace trama::platform
