// Erasing a person's files, page by page, in a store that is played here.

#include <mutex>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/blob/s3_blob_store.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/net/testing/scripted_peer.h"

namespace trama::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr size_t kPageKeys = 2;

std::string Answer(std::string_view status, const std::string& body) {
  return absl::StrCat("HTTP/1.1 ", std::string(status), "\r\nContent-Length: ", body.size(),
                      "\r\n\r\n", body);
}

// Answers list-type=2 in the manner of version 1: more is there, but no token to go on with.
class PlayedBucket {
 public:
  bool erases = true;
  bool lists = true;

  void Play(TestSocket& socket) {
    while (true) {
      const std::string request = socket.ReadMessage();
      if (request.empty() || !socket.Send(AnswerTo(request))) return;
    }
  }
  void Add(const std::string& key) {
    const std::lock_guard lock(mutex_);
    keys_.insert(key);
  }
  std::set<std::string> keys() {
    const std::lock_guard lock(mutex_);
    return keys_;
  }

 private:
  std::string AnswerTo(const std::string& request) {
    const std::lock_guard lock(mutex_);
    if (absl::StartsWith(request, "PUT ")) return Answer("200 OK", "");
    if (absl::StartsWith(request, "DELETE /bucket/")) {
      const size_t begin = std::string("DELETE /bucket/").size();
      if (erases) keys_.erase(request.substr(begin, request.find(' ', begin) - begin));
      return Answer("204 No Content", "");
    }
    if (absl::StartsWith(request, "GET /bucket?versioning")) {
      return Answer("200 OK", "<VersioningConfiguration/>");
    }
    return Answer("200 OK", Page());
  }
  std::string Page() const {
    std::string body = absl::StrCat("<ListBucketResult><IsTruncated>",
                                    keys_.size() > kPageKeys ? "true" : "false", "</IsTruncated>");
    size_t left = lists ? kPageKeys : 0;
    for (const std::string& key : keys_) {
      if (left-- == 0) break;
      absl::StrAppend(&body, "<Contents><Key>", key, "</Key></Contents>");
    }
    return body + "</ListBucketResult>";
  }

  std::mutex mutex_;
  std::set<std::string> keys_;
};

class S3ErasureTest : public ::testing::Test {
 protected:
  void SetUp() override {
    S3BlobOptions options;
    options.endpoint = *ParseUrl(absl::StrCat("http://127.0.0.1:", peer_.port()));
    options.bucket = "bucket";
    auto opened = S3BlobStore::Open(io_.context(), clock_, options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
    const std::string identifier = *BlobIdentifier("demo", "maria");
    for (int i = 0; i < 5; ++i) bucket_.Add(absl::StrCat("demo/", identifier, "/", i));
  }
  void TearDown() override {
    store_.reset();
    io_.Stop();
  }

  PlayedBucket bucket_;
  ScriptedPeer peer_{[this](TestSocket& socket, int) { bucket_.Play(socket); }};
  IoThreads io_{1};
  SystemClock clock_;
  std::unique_ptr<S3BlobStore> store_;
};

TEST_F(S3ErasureTest, GoesOnWithoutATokenWhileMoreIsThere) {
  const auto erased = store_->DeleteIdentifier("demo", "maria");
  ASSERT_TRUE(erased.ok()) << erased.status();
  EXPECT_EQ(*erased, 5);
  EXPECT_THAT(bucket_.keys(), IsEmpty());
}

TEST_F(S3ErasureTest, FailsWhenTheSameIsListedAgain) {
  bucket_.erases = false;
  const absl::Status erased = store_->DeleteIdentifier("demo", "maria").status();
  EXPECT_TRUE(absl::IsUnavailable(erased)) << erased;
  EXPECT_THAT(std::string(erased.message()), HasSubstr("nothing new is listed"));
}

TEST_F(S3ErasureTest, ListingSaysWhenTheStoreDoesNotGoOn) {
  const auto first = store_->List("", kPageKeys);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_NE(first->next, "");
  // This bucket knows no start-after: page after page it would be the same.
  const absl::Status again = store_->List(first->next, kPageKeys).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(again)) << again;
  EXPECT_THAT(std::string(again.message()), HasSubstr("lifecycle rule"));
}

TEST_F(S3ErasureTest, FailsWhenMoreIsThereThatIsNotListed) {
  bucket_.lists = false;
  const absl::Status erased = store_->DeleteIdentifier("demo", "maria").status();
  EXPECT_TRUE(absl::IsUnavailable(erased)) << erased;
  EXPECT_THAT(std::string(erased.message()), HasSubstr("nothing new is listed"));
}

}  // namespace
}  // namespace trama::platform
