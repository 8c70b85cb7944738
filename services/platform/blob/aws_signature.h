#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"

// AWS Signature Version 4 in the Authorization header, as S3 and the stores that speak its protocol
// want it. Pure. Source: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
namespace trama::platform {

struct AwsKey {
  std::string access_key;
  std::string secret_key;
  std::string region;
};

struct AwsRequest {
  std::string method;
  std::string path;                                        // As sent: encoded once.
  std::vector<std::pair<std::string, std::string>> query;  // Not encoded.
  // Those to be signed: host, x-amz-date and x-amz-content-sha256 at least. Names in lower case.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string payload_sha256;  // 64 hex digits.
};

// "20130524T000000Z", the value of x-amz-date.
std::string AwsDate(absl::Time at);

// The query as it must be sent: encoded and in the order in which it is signed.
std::string AwsQuery(const std::vector<std::pair<std::string, std::string>>& query);

// The value of the Authorization header.
std::string AwsAuthorization(const AwsKey& key, const AwsRequest& request, absl::Time at);

}  // namespace trama::platform
