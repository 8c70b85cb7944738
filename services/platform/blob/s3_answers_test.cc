#include "services/platform/blob/s3_answers.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::platform {
namespace {

using ::testing::HasSubstr;

HttpResponse Refusal(int status, const std::string& code) {
  HttpResponse response = HttpResponse::Empty(status);
  response.body = absl::StrCat("<?xml version=\"1.0\"?><Error><Code>", code,
                               "</Code><Message>m</Message></Error>");
  return response;
}

TEST(S3AnswersTest, ErrorsSayWhatToMend) {
  EXPECT_THAT(std::string(S3Error("write", Refusal(403, "SignatureDoesNotMatch")).message()),
              HasSubstr("cannot write: 403 SignatureDoesNotMatch; check the keys"));
  EXPECT_TRUE(absl::IsUnavailable(S3Error("write", Refusal(503, "SlowDown"))));
  EXPECT_TRUE(absl::IsResourceExhausted(S3Error("write", Refusal(507, ""))));
  EXPECT_TRUE(absl::IsUnavailable(S3Error("write", HttpResponse::Text(502, "<html>no"))));
  EXPECT_EQ(S3ErrorCode("<Error><Code>NoSuch\xff\nKey</Code></Error>"), "") << "no code at all";
}

TEST(S3AnswersTest, OnlyAMissingObjectIsMissing) {
  EXPECT_TRUE(IsMissingObject(Refusal(404, "NoSuchKey")));
  EXPECT_FALSE(IsMissingObject(Refusal(404, "NoSuchBucket"))) << "everybody's files would be gone";
  EXPECT_FALSE(IsMissingObject(HttpResponse::Text(404, "no such page")));
}

TEST(S3AnswersTest, ReadsAPage) {
  const auto page = ParseS3Page(
      "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>true"
      "</IsTruncated><NextContinuationToken>t&amp;1</NextContinuationToken>"
      "<Contents><Key>a/1</Key><LastModified>2026-04-21T09:30:00.000Z</LastModified></Contents>"
      "<Contents><Key>a/2</Key></Contents></ListBucketResult>");
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->objects.size(), 2u);
  EXPECT_EQ(page->objects[0].key, "a/1");
  EXPECT_EQ(page->objects[0].written, absl::FromUnixSeconds(1'776'763'800));
  EXPECT_EQ(page->objects[1].key, "a/2");
  EXPECT_EQ(page->objects[1].written, absl::InfiniteFuture()) << "nobody takes it for old";
  EXPECT_FALSE(page->is_last);
  EXPECT_FALSE(ParseS3Page("<html></html>").ok());
  EXPECT_FALSE(ParseS3Page("not xml").ok());
}

TEST(S3AnswersTest, ReadsWhetherVersionsAreKept) {
  EXPECT_TRUE(
      *KeepsVersions("<VersioningConfiguration><Status>Enabled</Status>"
                     "</VersioningConfiguration>"));
  EXPECT_FALSE(*KeepsVersions("<VersioningConfiguration/>"));
}

TEST(S3AnswersTest, ReadsTheWholeLength) {
  EXPECT_EQ(WholeLength("bytes 0-9/1234"), 1234u);
  EXPECT_EQ(WholeLength("bytes 0-9/*"), std::nullopt);
  EXPECT_EQ(WholeLength(""), std::nullopt);
}

}  // namespace
}  // namespace trama::platform
