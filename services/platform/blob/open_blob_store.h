#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "services/platform/base/clock.h"
#include "services/platform/blob/blob_store.h"
#include "services/platform/blob/s3_blob_store.h"

namespace trama::platform {

// What a --blob_url names: a folder, or a bucket (without its keys).
struct BlobPlace {
  std::string folder;               // Empty: a bucket.
  std::optional<S3BlobOptions> s3;  // Set for a bucket.
};

//   file:///var/lib/trama/blobs
//   s3://bucket/prefix?region=eu-west-1                                      Amazon's
//   s3://bucket?region=us-east-1&endpoint=https://store.example:9000         another's
//
// INVALID_ARGUMENT says what is wrong.
absl::StatusOr<BlobPlace> ParseBlobUrl(std::string_view url);

// The store that --blob_dir or --blob_url names. `io` must run, and like `clock` outlive the store.
absl::StatusOr<std::unique_ptr<BlobStore>> OpenBlobStore(boost::asio::io_context& io,
                                                         const Clock& clock);

}  // namespace trama::platform
