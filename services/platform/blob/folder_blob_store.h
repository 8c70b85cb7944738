#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "services/platform/blob/blob_store.h"
#include "services/platform/blob/durable_file.h"

namespace trama::platform {

struct FolderBlobOptions {
  std::string folder;
  // Put refuses when the file system would have less than this left, so that a flood of
  // attachments does not fill the disk under Kafka.
  int64_t free_bytes_min = int64_t{1} << 30;
  // False: NOT_FOUND when there is no such folder yet.
  bool make_folder = true;
};

// Blobs as files:
//   <folder>/<workspace>/<ab>/<cd>/<identifier>/<sha256>       the bytes
//   <folder>/<workspace>/<ab>/<cd>/<identifier>/<sha256>.type  the content type
// with "ab", "cd" the first digits of the identifier, so that no folder grows without bound.
// Several processes may share the folder: a file appears whole (written beside, fsync, renamed,
// fsync of the folder) and never changes; its time is that of the last Put.
class FolderBlobStore final : public BlobStore {
 public:
  // Makes the folder if need be and tries to write to it; the errors say what to do.
  static absl::StatusOr<std::unique_ptr<FolderBlobStore>> Open(const FolderBlobOptions& options);

  absl::StatusOr<std::string> Put(std::string_view workspace, std::string_view identifier_key,
                                  std::string_view bytes, std::string_view content_type) override;
  absl::StatusOr<Blob> Get(std::string_view reference, size_t bytes_max) override;
  absl::Status Delete(std::string_view reference) override;
  absl::StatusOr<int64_t> DeleteIdentifier(std::string_view workspace,
                                           std::string_view identifier_key) override;
  absl::StatusOr<BlobPage> List(std::string_view after, size_t limit) override;

 private:
  explicit FolderBlobStore(const FolderBlobOptions& options)
      : options_(options), folders_(options.folder) {}
  std::string IdentifierFolder(const BlobReference& reference) const;
  absl::Status CheckSpace(size_t bytes) const;
  absl::Status Write(const std::string& folder, const std::vector<NewFile>& files) const;
  absl::Status MakeAndWrite(const std::string& relative, const std::vector<NewFile>& files);
  // What processes that died in the middle of a write have left.
  void EraseLeftovers() const;

  const FolderBlobOptions options_;
  DurableFolders folders_;
};

}  // namespace trama::platform
