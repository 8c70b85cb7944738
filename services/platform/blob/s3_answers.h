#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/http/http_message.h"

// What S3 answers. Pure. Source: docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
namespace trama::platform {

// The error code in an answer's body ("NoSuchKey"); empty when there is none.
std::string S3ErrorCode(std::string_view body);

// The error of an answer that is no success: RESOURCE_EXHAUSTED when the store is full, otherwise
// UNAVAILABLE, because a store that refuses us works for nobody; the text says what to mend.
absl::Status S3Error(std::string_view doing, const HttpResponse& response);

// Is it said of the object, and not of the bucket, that it does not exist?
bool IsMissingObject(const HttpResponse& response);

// One page of ListObjectsV2.
struct S3Object {
  std::string key;
  absl::Time written;  // InfiniteFuture when the store does not say: nobody takes it for old.
};
struct S3Page {
  std::vector<S3Object> objects;
  bool is_last = true;
};
absl::StatusOr<S3Page> ParseS3Page(std::string_view body);

// Does the answer to GetBucketVersioning say that the bucket keeps versions?
absl::StatusOr<bool> KeepsVersions(std::string_view body);

// The whole length in "bytes 0-9/1234"; none for other text.
std::optional<uint64_t> WholeLength(std::string_view content_range);

}  // namespace trama::platform
