#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trama::platform {

inline constexpr size_t kBlobBytesMax = 128 << 20;
inline constexpr size_t kContentTypeBytesMax = 255;
inline constexpr size_t kBlobPageMax = 1000;
inline constexpr char kDefaultContentType[] = "application/octet-stream";

struct Blob {
  std::string bytes;
  std::string content_type;  // "application/octet-stream" when none was given.
};

// A part of what a store holds.
struct BlobPage {
  struct Entry {
    std::string reference;
    absl::Time written;  // When it was last put.
  };
  std::vector<Entry> blobs;
  std::string next;  // The next page is what lies behind this; empty: there is none.
};

// Files and raw originals. A blob belongs to one identifier of one workspace and is never shared
// between persons, so that erasing a person erases his files.
//
// A blob is named by its reference, which travels in events:
//   <workspace>/<64 hex: digest of the identifier key>/<64 hex: SHA-256 of the bytes>
// Storing the same bytes for the same identifier again gives the same reference.
//
// Thread-safe. Calls block on the disk or network: use a worker pool.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // `identifier_key`: a KeyedId of the identifier, never its bare value, which could be found from
  // the reference by trying all telephone numbers.
  // After OK the bytes survive a crash. INVALID_ARGUMENT (too long, bad workspace),
  // RESOURCE_EXHAUSTED (store full), UNAVAILABLE (the store does not work; come again).
  virtual absl::StatusOr<std::string> Put(std::string_view workspace,
                                          std::string_view identifier_key, std::string_view bytes,
                                          std::string_view content_type) = 0;

  // NOT_FOUND; RESOURCE_EXHAUSTED when longer than `bytes_max`; DATA_LOSS when the bytes are not
  // those that were stored; INVALID_ARGUMENT for what is no reference; UNAVAILABLE.
  virtual absl::StatusOr<Blob> Get(std::string_view reference, size_t bytes_max) = 0;

  // OK also when there is nothing (any more).
  virtual absl::Status Delete(std::string_view reference) = 0;

  // All blobs of one identifier; how many there were.
  virtual absl::StatusOr<int64_t> DeleteIdentifier(std::string_view workspace,
                                                   std::string_view identifier_key) = 0;

  // A page of at most `limit` blobs, 1 to kBlobPageMax, always in the same order. `after` is
  // another page's `next`, or empty: from the beginning. A page may be empty and not the last.
  // INVALID_ARGUMENT, UNAVAILABLE.
  virtual absl::StatusOr<BlobPage> List(std::string_view after, size_t limit) = 0;
};

// The parts of a reference, all checked: no part can leave the store's folder.
struct BlobReference {
  std::string workspace;
  std::string identifier;  // 64 lower-case hex digits.
  std::string sha256;      // 64 lower-case hex digits.

  std::string ToString() const;
};

absl::StatusOr<BlobReference> ParseBlobReference(std::string_view text);

// The middle part of the references of an identifier. INVALID_ARGUMENT.
absl::StatusOr<std::string> BlobIdentifier(std::string_view workspace,
                                           std::string_view identifier_key);

// The reference that Put gives; the errors of Put for what can be seen without the store.
absl::StatusOr<BlobReference> MakeBlobReference(std::string_view workspace,
                                                std::string_view identifier_key,
                                                std::string_view bytes,
                                                std::string_view content_type);

// The errors of Get that every store has.
absl::Status BlobNotFound(const BlobReference& reference);
absl::Status BlobTooLong(const BlobReference& reference, size_t bytes, size_t bytes_max);

}  // namespace trama::platform
