#include "services/platform/blob/blob_store.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

constexpr size_t kWorkspaceBytesMax = 128;

// Also a safe name of a folder: no separator, no leading dot.
bool IsWorkspace(std::string_view name) {
  return !name.empty() && name.size() <= kWorkspaceBytesMax && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

bool IsHexDigest(std::string_view text) {
  return text.size() == 2 * kSha256Bytes &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return absl::ascii_isprint(c); });
}

absl::Status WrongWorkspace(std::string_view workspace) {
  return absl::InvalidArgumentError(absl::StrCat(
      "workspace \"", ToAbsl(workspace),
      "\" cannot hold blobs: use 1 to 128 of a-z A-Z 0-9 - _ . without a dot in front"));
}

}  // namespace

std::string BlobReference::ToString() const {
  return absl::StrCat(workspace, "/", identifier, "/", sha256);
}

absl::StatusOr<BlobReference> ParseBlobReference(std::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(ToAbsl(text), '/');
  if (parts.size() != 3 || !IsWorkspace(parts[0]) || !IsHexDigest(parts[1]) ||
      !IsHexDigest(parts[2])) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", ToAbsl(text.substr(0, 300)),
                     "\" is no blob reference: it must be <workspace>/<64 hex>/<64 hex>"));
  }
  return BlobReference{parts[0], parts[1], parts[2]};
}

absl::StatusOr<std::string> BlobIdentifier(std::string_view workspace,
                                           std::string_view identifier_key) {
  if (!IsWorkspace(workspace)) return WrongWorkspace(workspace);
  if (identifier_key.empty()) {
    return absl::InvalidArgumentError("the identifier key of a blob is empty; give a KeyedId");
  }
  return HexSha256(identifier_key);
}

absl::StatusOr<BlobReference> MakeBlobReference(std::string_view workspace,
                                                std::string_view identifier_key,
                                                std::string_view bytes,
                                                std::string_view content_type) {
  absl::StatusOr<std::string> identifier = BlobIdentifier(workspace, identifier_key);
  if (!identifier.ok()) return identifier.status();
  if (bytes.size() > kBlobBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("blob of ", bytes.size(),
                                                   " bytes is longer than the ", kBlobBytesMax,
                                                   " that are allowed; split it"));
  }
  if (content_type.size() > kContentTypeBytesMax || !IsPrintable(content_type)) {
    return absl::InvalidArgumentError(
        absl::StrCat("content type of a blob must be at most ", kContentTypeBytesMax,
                     " printable ASCII characters, for example image/jpeg"));
  }
  return BlobReference{std::string(workspace), *std::move(identifier), HexSha256(bytes)};
}

absl::Status BlobNotFound(const BlobReference& reference) {
  return absl::NotFoundError(
      absl::StrCat("blob ", reference.ToString(), " does not exist; it may have been erased"));
}

absl::Status BlobTooLong(const BlobReference& reference, size_t bytes, size_t bytes_max) {
  return absl::ResourceExhaustedError(absl::StrCat("blob ", reference.ToString(), " has ", bytes,
                                                   " bytes, more than the ", bytes_max,
                                                   " that were asked for"));
}

}  // namespace trama::platform
