#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/platform/blob/blob_store.h"

namespace trama::platform {

// How far an expiry has come.
struct BlobExpiry {
  int64_t seen = 0;
  int64_t expired = 0;  // Erased; in a dry run: would be.
  std::string after;    // Where to go on; set before it begins, to go on with an earlier one.
};

struct BlobExpiryRules {
  absl::Time before;  // What was last put earlier than this is erased.
  bool dry_run = false;
  size_t page_max = kBlobPageMax;  // Blobs that are looked at together.
};

// Erases what is old, page by page; after an error `progress` says what was done. A blob that is
// put again in the very moment in which it is erased may be lost: choose `before` so long ago that
// nobody needs what is that old.
absl::Status ExpireBlobs(BlobStore& store, const BlobExpiryRules& rules, BlobExpiry& progress);

}  // namespace trama::platform
