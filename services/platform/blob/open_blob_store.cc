#include "services/platform/blob/open_blob_store.h"

#include <algorithm>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"
#include "services/platform/base/common_flags.h"
#include "services/platform/base/settings.h"
#include "services/platform/blob/folder_blob_store.h"

namespace trama::platform {
namespace {

constexpr std::string_view kFile = "file://";
constexpr std::string_view kS3 = "s3://";
constexpr size_t kBucketBytesMin = 3;
constexpr size_t kBucketBytesMax = 63;
constexpr size_t kPrefixBytesMax = 256;

absl::Status Wrong(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("--blob_url ", ToAbsl(what),
                   ", for example s3://bucket/prefix?region=eu-west-1 or file:///path"));
}

// The rules of Amazon's general purpose buckets, as far as they matter in a URL.
bool IsBucket(std::string_view name) {
  return name.size() >= kBucketBytesMin && name.size() <= kBucketBytesMax &&
         std::all_of(name.begin(), name.end(), [](char letter) {
           return absl::ascii_islower(letter) || absl::ascii_isdigit(letter) || letter == '-' ||
                  letter == '.';
         });
}

// What needs no encoding in a path.
bool IsPrefix(std::string_view prefix) {
  return prefix.size() <= kPrefixBytesMax && prefix.find("//") == std::string_view::npos &&
         std::all_of(prefix.begin(), prefix.end(), [](char letter) {
           return absl::ascii_isalnum(letter) || letter == '-' || letter == '_' || letter == '.' ||
                  letter == '/';
         });
}

absl::StatusOr<BlobPlace> ParseS3(std::string_view rest) {
  const size_t question = std::min(rest.find('?'), rest.size());
  const std::string_view place = rest.substr(0, question);
  const size_t slash = std::min(place.find('/'), place.size());
  S3BlobOptions s3;
  s3.bucket = std::string(place.substr(0, slash));
  s3.prefix = std::string(place.substr(std::min(slash + 1, place.size())));
  while (absl::EndsWith(s3.prefix, "/")) s3.prefix.pop_back();
  if (!IsBucket(s3.bucket)) return Wrong("names no bucket");
  if (!IsPrefix(s3.prefix)) return Wrong("has a prefix with other signs than a-z A-Z 0-9 - _ . /");

  const absl::StatusOr<FormFields> fields =
      DecodeForm(rest.substr(std::min(question + 1, rest.size())));
  if (!fields.ok()) return fields.status();
  for (const auto& [name, value] : *fields) {
    if (name != "region" && name != "endpoint") {
      return Wrong(absl::StrCat("has a field \"", name, "\"; there are region and endpoint"));
    }
  }
  s3.key.region = std::string(FormValue(*fields, "region"));
  if (s3.key.region.empty()) return Wrong("has no region");
  std::string endpoint(FormValue(*fields, "endpoint"));
  if (endpoint.empty()) endpoint = absl::StrCat("https://s3.", s3.key.region, ".amazonaws.com");
  absl::StatusOr<Url> url = ParseUrl(endpoint);
  if (!url.ok()) return url.status();
  if (url->path != "/" || !url->query.empty()) return Wrong("has an endpoint with a path");
  s3.endpoint = *std::move(url);
  return BlobPlace{.s3 = std::move(s3)};
}

absl::StatusOr<std::string> KeyOf(std::string_view flag, const std::string& reference) {
  if (reference.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--", ToAbsl(flag), " is needed for a bucket: a reference, file:/path or env:NAME"));
  }
  absl::StatusOr<std::string> key = ResolveSecret(reference);
  if (key.ok()) return key;
  return absl::Status(key.status().code(),
                      absl::StrCat("--", ToAbsl(flag), ": ", key.status().message()));
}

absl::StatusOr<std::unique_ptr<BlobStore>> OpenFolder(const std::string& folder, bool make_folder) {
  absl::StatusOr<std::unique_ptr<FolderBlobStore>> store =
      FolderBlobStore::Open({.folder = folder, .make_folder = make_folder});
  if (!store.ok()) return store.status();
  return *std::move(store);
}

}  // namespace

absl::StatusOr<BlobPlace> ParseBlobUrl(std::string_view url) {
  if (url.substr(0, kFile.size()) == kFile) {
    const std::string_view folder = url.substr(kFile.size());
    if (folder.empty() || folder.front() != '/') return Wrong("must name an absolute folder");
    return BlobPlace{.folder = std::string(folder)};
  }
  if (url.substr(0, kS3.size()) == kS3) return ParseS3(url.substr(kS3.size()));
  return Wrong("must begin with file:// or s3://");
}

BlobSettings BlobSettingsFromFlags() {
  return {.dir = absl::GetFlag(FLAGS_blob_dir),
          .url = absl::GetFlag(FLAGS_blob_url),
          .access_key = absl::GetFlag(FLAGS_blob_access_key),
          .secret_key = absl::GetFlag(FLAGS_blob_secret_key)};
}

absl::StatusOr<std::unique_ptr<BlobStore>> OpenBlobStore(boost::asio::io_context& io,
                                                         const Clock& wall_clock,
                                                         const BlobSettings& settings) {
  if (settings.url.empty()) return OpenFolder(settings.dir, settings.make_folder);
  absl::StatusOr<BlobPlace> place = ParseBlobUrl(settings.url);
  if (!place.ok()) return place.status();
  if (!place->s3.has_value()) return OpenFolder(place->folder, settings.make_folder);

  S3BlobOptions options = *std::move(place->s3);
  absl::StatusOr<std::string> access = KeyOf("blob_access_key", settings.access_key);
  if (!access.ok()) return access.status();
  absl::StatusOr<std::string> secret = KeyOf("blob_secret_key", settings.secret_key);
  if (!secret.ok()) return secret.status();
  options.key.access_key = *std::move(access);
  options.key.secret_key = *std::move(secret);
  absl::StatusOr<std::unique_ptr<S3BlobStore>> store =
      S3BlobStore::Open(io, wall_clock, std::move(options));
  if (!store.ok()) return store.status();
  return *std::move(store);
}

}  // namespace trama::platform
