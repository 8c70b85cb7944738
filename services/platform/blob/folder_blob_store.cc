#include "services/platform/blob/folder_blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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

// For whoever erases by age it is as young as a new one. False when it is not there.
bool Renew(const std::string& path) {
  return utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0;
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

// In order; none of a folder that is not there (any more), or is none.
absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    names.push_back(entries->path().filename());
  }
  if (error && error != std::errc::no_such_file_or_directory &&
      error != std::errc::not_a_directory) {
    return absl::UnavailableError(
        absl::StrCat("blob folder ", folder, " cannot be read: ", error.message()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Goes through the folders of a store in order, and begins behind a blob.
class Walk {
 public:
  Walk(const BlobReference& after, size_t limit) : limit_(limit) {
    if (after.workspace.empty()) return;
    after_ = absl::StrSplit(RelativeFolder(after.workspace, after.identifier), '/');
    after_.push_back(after.sha256);
  }

  absl::Status Run(const std::string& root) { return Enter(root, 0, !after_.empty()); }
  BlobPage page;

 private:
  // <workspace>/<ab>/<cd>/<identifier>/<sha256>
  static constexpr size_t kIdentifierDepth = 3;
  static constexpr size_t kBlobDepth = 4;

  // `on_edge`: all names above are those of `after_`.
  absl::Status Enter(const std::string& folder, size_t depth, bool on_edge) {
    const absl::StatusOr<std::vector<std::string>> names = NamesIn(folder);
    if (!names.ok()) return names.status();
    for (const std::string& name : *names) {
      if (page.blobs.size() == limit_) break;
      if (on_edge && name < after_[depth]) continue;
      // What is no workspace may not even be readable, such as lost+found.
      if (depth == 0 && !BlobIdentifier(name, "any").ok()) continue;
      const bool is_edge = on_edge && name == after_[depth];
      path_[depth] = name;
      if (depth == kBlobDepth) {
        if (!is_edge) Add(absl::StrCat(folder, "/", name));
        continue;
      }
      absl::Status entered = Enter(absl::StrCat(folder, "/", name), depth + 1, is_edge);
      if (!entered.ok()) return entered;
    }
    return absl::OkStatus();
  }

  void Add(const std::string& path) {
    const std::string name =
        absl::StrCat(path_[0], "/", path_[kIdentifierDepth], "/", path_[kBlobDepth]);
    struct stat info {};
    // Types, what others have put there, and what has just been erased.
    if (!ParseBlobReference(name).ok() || lstat(path.c_str(), &info) != 0) return;
    page.blobs.push_back({name, absl::TimeFromTimespec(info.st_mtim)});
    if (page.blobs.size() == limit_) page.next = name;
  }

  const size_t limit_;
  std::vector<std::string> after_;  // As path_; empty: from the beginning.
  std::array<std::string, kBlobDepth + 1> path_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FolderBlobStore>> FolderBlobStore::Open(
    const FolderBlobOptions& options) {
  if (options.folder.empty()) {
    return absl::InvalidArgumentError("the folder of the blob store is empty; set --blob_dir");
  }
  if (!options.make_folder && !IsThere(options.folder)) {
    return absl::NotFoundError(
        absl::StrCat("blob store: there is no folder ", options.folder, "; check its name"));
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

absl::Status FolderBlobStore::MakeAndWrite(const std::string& relative,
                                           const std::vector<NewFile>& files) {
  if (absl::Status made = folders_.Make(relative); !made.ok()) return made;
  return Write(absl::StrCat(options_.folder, "/", relative), files);
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
  if (Renew(path) && IsThere(path + kTypeSuffix)) {
    done = SyncFolder(folder);
  } else {
    done = CheckSpace(bytes.size());
    const std::string_view type = content_type.empty() ? kDefaultContentType : content_type;
    // The type first: a blob that is there has its type.
    const std::vector<NewFile> files = {{reference->sha256 + kTypeSuffix, type},
                                        {reference->sha256, bytes}};
    if (done.ok()) done = MakeAndWrite(relative, files);
    // Somebody has erased the identifier's last blob, and the folder with it, in between.
    if (absl::IsNotFound(done)) done = MakeAndWrite(relative, files);
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
  const std::string folder = IdentifierFolder(*parsed);
  const std::string path = absl::StrCat(folder, "/", parsed->sha256);
  if (absl::Status erased = Unlink(path); !erased.ok()) return erased;
  if (absl::Status erased = Unlink(path + kTypeSuffix); !erased.ok()) return erased;
  rmdir(folder.c_str());  // Only when nothing is left in it.
  return absl::OkStatus();
}

absl::StatusOr<int64_t> FolderBlobStore::DeleteIdentifier(std::string_view workspace,
                                                          std::string_view identifier_key) {
  absl::StatusOr<std::string> identifier = BlobIdentifier(workspace, identifier_key);
  if (!identifier.ok()) return identifier.status();
  const std::string folder =
      absl::StrCat(options_.folder, "/", RelativeFolder(std::string(workspace), *identifier));
  const absl::StatusOr<std::vector<std::string>> names = NamesIn(folder);
  if (!names.ok()) return names.status();
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("blob folder ", folder, " cannot be erased: ", error.message()));
  }
  // Otherwise a crash might bring them back.
  const absl::Status synced = SyncFolder(folder.substr(0, folder.rfind('/')));
  if (!synced.ok() && !absl::IsNotFound(synced)) return synced;
  return std::count_if(names->begin(), names->end(),
                       [](const std::string& name) { return !absl::EndsWith(name, kTypeSuffix); });
}

absl::StatusOr<BlobPage> FolderBlobStore::List(std::string_view after, size_t limit) {
  BlobReference behind;
  if (!after.empty()) {
    absl::StatusOr<BlobReference> parsed = ParseBlobReference(after);
    if (!parsed.ok()) return parsed.status();
    behind = *std::move(parsed);
  }
  Walk walk(behind, limit);
  if (absl::Status walked = walk.Run(options_.folder); !walked.ok()) return walked;
  return std::move(walk.page);
}

}  // namespace trama::platform
