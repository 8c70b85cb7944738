#include "services/platform/blob/folder_blob_store.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"
#include "services/platform/blob/durable_file.h"

namespace trama::platform {
namespace {

constexpr char kTypeSuffix[] = ".type";
// No workspace has such a name.
constexpr char kTemporaryFolder[] = ".tmp";
// No write takes so long; its process has died.
constexpr std::chrono::hours kLeftoverAge{1};

bool IsThere(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0;
}

absl::Status Unlink(const std::string& path) {
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("blob file ", path, " cannot be erased: ", std::strerror(errno)));
}

// A folder that vanishes under us is the store's trouble, not a missing blob.
absl::Status Unusable(const absl::Status& status) {
  if (!absl::IsNotFound(status)) return status;
  return absl::UnavailableError(absl::StrCat("blob store: ", status.message(), "; come again"));
}

// "<workspace>/<ab>/<cd>/<identifier>".
std::string RelativeFolder(const std::string& workspace, const std::string& identifier) {
  return absl::StrCat(workspace, "/", identifier.substr(0, 2), "/", identifier.substr(2, 2), "/",
                      identifier);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FolderBlobStore>> FolderBlobStore::Open(
    const FolderBlobOptions& options) {
  if (options.folder.empty()) {
    return absl::InvalidArgumentError("the folder of the blob store is empty; set --blob_dir");
  }
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat("blob store: folder ", options.folder,
                                               " cannot be made: ", error.message(),
                                               "; make it and give this user the right to write"));
  }
  std::unique_ptr<FolderBlobStore> store(new FolderBlobStore(options));
  // Better now than at the first mail.
  absl::Status tried = store->folders_.Make(kTemporaryFolder);
  if (tried.ok()) tried = store->Write(options.folder, {{".trial", ""}});
  if (!tried.ok()) return absl::UnavailableError(absl::StrCat("blob store: ", tried.message()));
  store->EraseLeftovers();
  return store;
}

absl::Status FolderBlobStore::Write(const std::string& folder,
                                    const std::vector<NewFile>& files) const {
  return WriteDurably(absl::StrCat(options_.folder, "/", kTemporaryFolder), folder, files);
}

void FolderBlobStore::EraseLeftovers() const {
  const auto now = std::filesystem::file_time_type::clock::now();
  std::error_code error;
  std::filesystem::directory_iterator files(absl::StrCat(options_.folder, "/", kTemporaryFolder),
                                            error);
  for (; !error && files != std::filesystem::directory_iterator(); files.increment(error)) {
    std::error_code ignored;  // Another process may erase it, too.
    if (now - files->last_write_time(ignored) > kLeftoverAge) {
      std::filesystem::remove(files->path(), ignored);
    }
  }
}

std::string FolderBlobStore::IdentifierFolder(const BlobReference& reference) const {
  return absl::StrCat(options_.folder, "/",
                      RelativeFolder(reference.workspace, reference.identifier));
}

absl::Status FolderBlobStore::CheckSpace(size_t bytes) const {
  struct statvfs info {};
  if (statvfs(options_.folder.c_str(), &info) != 0) {
    return absl::UnavailableError(absl::StrCat("blob store: folder ", options_.folder,
                                               " cannot be reached: ", std::strerror(errno)));
  }
  const uint64_t free_bytes = uint64_t{info.f_bavail} * info.f_frsize;
  const uint64_t needed = static_cast<uint64_t>(options_.free_bytes_min) + bytes;
  if (free_bytes >= needed) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("blob store: ", free_bytes, " bytes are free below ", options_.folder, " but ",
                   needed, " are needed; make room or lower the reserve"));
}

absl::StatusOr<std::string> FolderBlobStore::Put(std::string_view workspace,
                                                 std::string_view identifier_key,
                                                 std::string_view bytes,
                                                 std::string_view content_type) {
  absl::StatusOr<BlobReference> reference =
      MakeBlobReference(workspace, identifier_key, bytes, content_type);
  if (!reference.ok()) return reference.status();
  const std::string folder = IdentifierFolder(*reference);
  const std::string name = reference->ToString();
  const std::string path = absl::StrCat(folder, "/", reference->sha256);
  const std::string relative = RelativeFolder(reference->workspace, reference->identifier);
  absl::Status done;
  if (IsThere(path) && IsThere(path + kTypeSuffix)) {
    done = SyncFolder(folder);
  } else {
    done = CheckSpace(bytes.size());
    if (done.ok()) done = folders_.Make(relative);
    const std::string_view type = content_type.empty() ? kDefaultContentType : content_type;
    // The type first: a blob that is there has its type.
    if (done.ok()) {
      done = Write(folder, {{reference->sha256 + kTypeSuffix, type}, {reference->sha256, bytes}});
    }
  }
  if (done.ok()) done = folders_.Settle(relative);
  if (!done.ok()) return Unusable(done);
  return name;
}

absl::StatusOr<Blob> FolderBlobStore::Get(std::string_view reference, size_t bytes_max) {
  absl::StatusOr<BlobReference> parsed = ParseBlobReference(reference);
  if (!parsed.ok()) return parsed.status();
  const std::string path = absl::StrCat(IdentifierFolder(*parsed), "/", parsed->sha256);
  absl::StatusOr<std::string> bytes = ReadWhole(path, bytes_max);
  if (absl::IsNotFound(bytes.status())) return BlobNotFound(*parsed);
  if (!bytes.ok()) return bytes.status();
  if (HexSha256(*bytes) != parsed->sha256) {
    return absl::DataLossError(absl::StrCat("blob ", parsed->ToString(),
                                            " is damaged: its bytes have another digest; restore ",
                                            "it from a copy"));
  }
  absl::StatusOr<std::string> type = ReadWhole(path + kTypeSuffix, kContentTypeBytesMax);
  if (absl::IsNotFound(type.status())) return Blob{*std::move(bytes), kDefaultContentType};
  if (!type.ok()) return type.status();
  return Blob{*std::move(bytes), *std::move(type)};
}

absl::Status FolderBlobStore::Delete(std::string_view reference) {
  absl::StatusOr<BlobReference> parsed = ParseBlobReference(reference);
  if (!parsed.ok()) return parsed.status();
  const std::string path = absl::StrCat(IdentifierFolder(*parsed), "/", parsed->sha256);
  if (absl::Status erased = Unlink(path); !erased.ok()) return erased;
  return Unlink(path + kTypeSuffix);
}

absl::Status FolderBlobStore::DeleteIdentifier(std::string_view workspace,
                                               std::string_view identifier_key) {
  absl::StatusOr<std::string> identifier = BlobIdentifier(workspace, identifier_key);
  if (!identifier.ok()) return identifier.status();
  const std::string folder =
      absl::StrCat(options_.folder, "/", RelativeFolder(std::string(workspace), *identifier));
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("blob folder ", folder, " cannot be erased: ", error.message()));
}

}  // namespace trama::platform
