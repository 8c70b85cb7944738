// On a server that checks signatures, from the environment: TRAMA_TEST_S3 is a --blob_url,
// TRAMA_TEST_S3_ACCESS_KEY and TRAMA_TEST_S3_SECRET_KEY the keys of an account that may all.

#include "services/platform/blob/s3_blob_store.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
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
  ASSERT_TRUE(store_->DeleteIdentifier("demo", "maria").ok());
  for (const std::string& reference : hers) {
    EXPECT_TRUE(absl::IsNotFound(store_->Get(reference, kMany).status()));
  }
  EXPECT_TRUE(store_->Get(his, kMany).ok());
  EXPECT_TRUE(store_->DeleteIdentifier("demo", "maria").ok()) << "nothing any more";
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
