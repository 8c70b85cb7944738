#include "services/platform/blob/memory_blob_store.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
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
  blobs_.try_emplace(name, Stored{std::move(blob), {}}).first->second.written = absl::Now();
  return name;
}

absl::StatusOr<Blob> MemoryBlobStore::Get(std::string_view reference, size_t bytes_max) {
  absl::StatusOr<BlobReference> parsed = ParseBlobReference(reference);
  if (!parsed.ok()) return parsed.status();
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  const auto it = blobs_.find(parsed->ToString());
  if (it == blobs_.end()) return BlobNotFound(*parsed);
  const Blob& blob = it->second.blob;
  if (blob.bytes.size() > bytes_max) return BlobTooLong(*parsed, blob.bytes.size(), bytes_max);
  return blob;
}

absl::Status MemoryBlobStore::Delete(std::string_view reference) {
  absl::StatusOr<BlobReference> parsed = ParseBlobReference(reference);
  if (!parsed.ok()) return parsed.status();
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  blobs_.erase(parsed->ToString());
  return absl::OkStatus();
}

absl::StatusOr<int64_t> MemoryBlobStore::DeleteIdentifier(std::string_view workspace,
                                                          std::string_view identifier_key) {
  absl::StatusOr<std::string> identifier = BlobIdentifier(workspace, identifier_key);
  if (!identifier.ok()) return identifier.status();
  const std::string prefix = absl::StrCat(ToAbsl(workspace), "/", *identifier, "/");
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  return static_cast<int64_t>(std::erase_if(
      blobs_, [&](const auto& entry) { return absl::StartsWith(entry.first, prefix); }));
}

absl::StatusOr<BlobPage> MemoryBlobStore::List(std::string_view after, size_t limit) {
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  BlobPage page;
  for (auto it = blobs_.upper_bound(std::string(after)); it != blobs_.end(); ++it) {
    page.blobs.push_back({it->first, it->second.written});
    if (page.blobs.size() < limit) continue;
    page.next = it->first;
    break;
  }
  return page;
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
