#include "services/platform/blob/open_blob_store.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::platform {
namespace {

using ::testing::HasSubstr;

TEST(ParseBlobUrlTest, AFolder) {
  const auto place = ParseBlobUrl("file:///var/lib/trama/blobs");
  ASSERT_TRUE(place.ok()) << place.status();
  EXPECT_EQ(place->folder, "/var/lib/trama/blobs");
  EXPECT_FALSE(place->s3.has_value());
}

TEST(ParseBlobUrlTest, ABucketOfAmazons) {
  const auto place = ParseBlobUrl("s3://firm-blobs/trama/prod/?region=eu-west-1");
  ASSERT_TRUE(place.ok()) << place.status();
  EXPECT_EQ(place->s3->bucket, "firm-blobs");
  EXPECT_EQ(place->s3->prefix, "trama/prod");
  EXPECT_EQ(place->s3->key.region, "eu-west-1");
  EXPECT_EQ(place->s3->endpoint.Origin(), "https://s3.eu-west-1.amazonaws.com");
}

TEST(ParseBlobUrlTest, ABucketOfAnotherStore) {
  const auto place =
      ParseBlobUrl("s3://blobs?region=us-east-1&endpoint=http%3A%2F%2F127.0.0.1%3A9000");
  ASSERT_TRUE(place.ok()) << place.status();
  EXPECT_EQ(place->s3->prefix, "");
  EXPECT_EQ(place->s3->endpoint.Origin(), "http://127.0.0.1:9000");
  EXPECT_TRUE(ParseBlobUrl("s3://blobs?region=x&endpoint=http://127.0.0.1:9000").ok());
}

TEST(ParseBlobUrlTest, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> wrong[] = {
      {"/var/lib", "must begin with file:// or s3://"},
      {"file://relative", "must name an absolute folder"},
      {"s3://?region=x", "names no bucket"},
      {"s3://Bucket?region=x", "names no bucket"},
      {"s3://bucket", "has no region"},
      {"s3://bucket/a b?region=x", "has a prefix with other signs"},
      {"s3://bucket?region=x&secret=y", "has a field \"secret\"; there are region and endpoint"},
      {"s3://bucket?region=x&endpoint=http://h/path", "has an endpoint with a path"}};
  for (const auto& [url, why] : wrong) {
    EXPECT_THAT(std::string(ParseBlobUrl(url).status().message()), HasSubstr(why)) << url;
  }
}

}  // namespace
}  // namespace trama::platform
