#pragma once

#include <map>
#include <mutex>
#include <string>

#include "services/platform/blob/blob_store.h"

namespace trama::platform {

// The twin for tests: the same checks and errors, no disk. FailWith makes every call fail until it
// is given OkStatus.
class MemoryBlobStore final : public BlobStore {
 public:
  absl::StatusOr<std::string> Put(std::string_view workspace, std::string_view identifier_key,
                                  std::string_view bytes, std::string_view content_type) override;
  absl::StatusOr<Blob> Get(std::string_view reference, size_t bytes_max) override;
  absl::Status Delete(std::string_view reference) override;
  absl::StatusOr<int64_t> DeleteIdentifier(std::string_view workspace,
                                           std::string_view identifier_key) override;
  absl::StatusOr<BlobPage> List(std::string_view after, size_t limit) override;

  void FailWith(absl::Status status);
  size_t size() const;

 private:
  mutable std::mutex mutex_;
  absl::Status failure_;
  struct Stored {
    Blob blob;
    absl::Time written;
  };
  std::map<std::string, Stored> blobs_;
};

}  // namespace trama::platform
