#include "services/platform/blob/aws_signature.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/kernel/digest.h"

namespace trama::platform {
namespace {

using ::testing::EndsWith;

// The examples of the documentation: "Signature Calculations for the Authorization Header",
// Amazon S3 API Reference.
class AwsSignatureTest : public ::testing::Test {
 protected:
  std::string Signed(AwsRequest request, const std::string& payload = "") {
    request.payload_sha256 = HexSha256(payload);
    request.headers.push_back({"host", "examplebucket.s3.amazonaws.com"});
    request.headers.push_back({"x-amz-content-sha256", request.payload_sha256});
    request.headers.push_back({"x-amz-date", AwsDate(at_)});
    return AwsAuthorization(key_, request, at_);
  }

  const absl::Time at_ = absl::FromUnixSeconds(1369353600);  // 2013-05-24T00:00:00Z
  const AwsKey key_{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                    "us-east-1"};
};

TEST_F(AwsSignatureTest, GetsAnObject) {
  EXPECT_EQ(Signed({.method = "GET", .path = "/test.txt", .headers = {{"range", "bytes=0-9"}}}),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(AwsSignatureTest, PutsAnObject) {
  EXPECT_THAT(Signed({.method = "PUT",
                      .path = "/test%24file.text",
                      .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                  {"x-amz-storage-class", "REDUCED_REDUNDANCY"}}},
                     "Welcome to Amazon S3."),
              EndsWith("=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST_F(AwsSignatureTest, AsksWithAQueryOfOneName) {
  EXPECT_THAT(Signed({.method = "GET", .path = "/", .query = {{"lifecycle", ""}}}),
              EndsWith("=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST_F(AwsSignatureTest, ListsObjectsWhateverTheOrderOfTheQuery) {
  EXPECT_THAT(Signed({.method = "GET", .path = "/", .query = {{"prefix", "J"}, {"max-keys", "2"}}}),
              EndsWith("=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

}  // namespace
}  // namespace trama::platform
