#include "services/platform/blob/memory_blob_store.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"

namespace trama::platform {

absl::StatusOr<std::string> MemoryBlobStore::Put(std::string_view workspace,
                                                 std::string_view identifier_key,
                                                 std::string_view bytes,
                                                 std::string_view content_type) {
  absl::StatusOr<BlobReference> reference =
      MakeBlobReference(workspace, identifier_key, bytes, content_type);
  if (!reference.ok()) return reference.status();
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  Blob blob{std::string(bytes), std::string(content_type)};
  if (blob.content_type.empty()) blob.content_type = kDefaultContentType;
  const std::string name = reference->ToString();
  blobs_.try_emplace(name, std::move(blob));
  return name;
}

absl::StatusOr<Blob> MemoryBlobStore::Get(std::string_view reference, size_t bytes_max) {
  absl::StatusOr<BlobReference> parsed = ParseBlobReference(reference);
  if (!parsed.ok()) return parsed.status();
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  const auto it = blobs_.find(parsed->ToString());
  if (it == blobs_.end()) return BlobNotFound(*parsed);
  if (it->second.bytes.size() > bytes_max) {
    return BlobTooLong(*parsed, it->second.bytes.size(), bytes_max);
  }
  return it->second;
}

absl::Status MemoryBlobStore::Delete(std::string_view reference) {
  absl::StatusOr<BlobReference> parsed = ParseBlobReference(reference);
  if (!parsed.ok()) return parsed.status();
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  blobs_.erase(parsed->ToString());
  return absl::OkStatus();
}

absl::Status MemoryBlobStore::DeleteIdentifier(std::string_view workspace,
                                               std::string_view identifier_key) {
  absl::StatusOr<std::string> identifier = BlobIdentifier(workspace, identifier_key);
  if (!identifier.ok()) return identifier.status();
  const std::string prefix = absl::StrCat(ToAbsl(workspace), "/", *identifier, "/");
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  std::erase_if(blobs_, [&](const auto& entry) { return absl::StartsWith(entry.first, prefix); });
  return absl::OkStatus();
}

void MemoryBlobStore::FailWith(absl::Status status) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(status);
}

size_t MemoryBlobStore::size() const {
  const std::lock_guard lock(mutex_);
  return blobs_.size();
}

}  // namespace trama::platform
