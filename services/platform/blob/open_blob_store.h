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

// What the settings --blob_dir, --blob_url, --blob_access_key and --blob_secret_key hold.
struct BlobSettings {
  std::string dir;
  std::string url;
  std::string access_key;  // References, never the keys.
  std::string secret_key;
  bool make_folder = true;  // False: a folder that is not there is an error.
};
BlobSettings BlobSettingsFromFlags();

// The store that `dir` or `url` names. `io` must run, and like `wall_clock` (see S3BlobStore)
// outlive the store.
absl::StatusOr<std::unique_ptr<BlobStore>> OpenBlobStore(boost::asio::io_context& io,
                                                         const Clock& wall_clock,
                                                         const BlobSettings& settings);

}  // namespace trama::platform
