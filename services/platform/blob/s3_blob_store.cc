#include "services/platform/blob/s3_blob_store.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

constexpr char kTrial[] = ".trial";
// Of an identifier: more pages of 1 000 than any person has files.
constexpr int kPagesMax = 10'000;
constexpr size_t kConnectionsMax = 32;

bool IsSuccess(const HttpResponse& response) {
  return response.status >= 200 && response.status < 300;
}

}  // namespace

absl::StatusOr<std::unique_ptr<S3BlobStore>> S3BlobStore::Open(boost::asio::io_context& io,
                                                               const Clock& wall_clock,
                                                               S3BlobOptions options) {
  HttpClientOptions http;
  http.total_timeout = options.timeout;
  http.body_bytes_max = kBlobBytesMax;
  http.connections_per_host_max = kConnectionsMax;
  http.tls.ca_file = options.ca_file;
  absl::StatusOr<std::unique_ptr<HttpClient>> client = HttpClient::Create(io, std::move(http));
  if (!client.ok()) return client.status();
  std::unique_ptr<S3BlobStore> store(
      new S3BlobStore(*std::move(client), wall_clock, std::move(options)));
  // Better now than at the first mail.
  if (absl::Status tried = store->Try(); !tried.ok()) return tried;
  return store;
}

absl::Status S3BlobStore::Try() {
  const absl::StatusOr<HttpResponse> versions =
      Send({.method = "GET", .query = {{"versioning", ""}}});
  if (!versions.ok()) return versions.status();
  if (!IsSuccess(*versions)) return S3Error("look at the bucket", *versions);
  const absl::StatusOr<bool> kept = KeepsVersions(versions->body);
  if (!kept.ok()) return kept.status();
  if (*kept) {
    return absl::FailedPreconditionError(
        absl::StrCat("blob store: bucket ", options_.bucket,
                     " keeps versions, so that nothing could be erased; take one that does not"));
  }
  if (absl::Status stored = Store(KeyOf(kTrial), "", ""); !stored.ok()) return stored;
  return Erase(KeyOf(kTrial));
}

std::string S3BlobStore::KeyOf(std::string_view name) const {
  return options_.prefix.empty() ? std::string(name)
                                 : absl::StrCat(options_.prefix, "/", ToAbsl(name));
}

absl::StatusOr<HttpResponse> S3BlobStore::Send(Call call) {
  const absl::Time now = wall_clock_.Now();
  HttpClientRequest request;
  request.method = std::move(call.method);
  request.url = options_.endpoint;
  // Names of workspaces and digests need no encoding; the prefix was checked.
  request.url.path = absl::StrCat("/", options_.bucket, call.key.empty() ? "" : "/", call.key);
  request.url.query = AwsQuery(call.query);
  request.headers = std::move(call.headers);
  request.body = std::move(call.body);

  AwsRequest to_sign{.method = request.method,
                     .path = request.url.path,
                     .query = std::move(call.query),
                     .payload_sha256 = HexSha256(request.body)};
  request.headers.Set("x-amz-date", AwsDate(now));
  request.headers.Set("x-amz-content-sha256", to_sign.payload_sha256);
  to_sign.headers = {{"host", request.url.Authority()},
                     {"x-amz-date", AwsDate(now)},
                     {"x-amz-content-sha256", to_sign.payload_sha256}};
  request.headers.Set("Authorization", AwsAuthorization(options_.key, to_sign, now));
  HttpOutcome outcome = http_->SendBlocking(std::move(request));
  if (outcome.kind == HttpOutcomeKind::kResponse) return std::move(outcome.response);
  return absl::UnavailableError(
      absl::StrCat("blob store: ", outcome.error.message(), "; come again"));
}

absl::Status S3BlobStore::Store(const std::string& key, std::string_view bytes,
                                std::string_view type) {
  Call call{.method = "PUT", .key = key, .body = std::string(bytes)};
  call.headers.Set("Content-Type", type.empty() ? kDefaultContentType : type);
  const absl::StatusOr<HttpResponse> answer = Send(std::move(call));
  if (!answer.ok()) return answer.status();
  return IsSuccess(*answer) ? absl::OkStatus() : S3Error("write", *answer);
}

absl::Status S3BlobStore::Erase(const std::string& key) {
  const absl::StatusOr<HttpResponse> answer = Send({.method = "DELETE", .key = key});
  if (!answer.ok()) return answer.status();
  if (IsSuccess(*answer) || IsMissingObject(*answer)) return absl::OkStatus();
  return S3Error("erase", *answer);
}

absl::StatusOr<S3Page> S3BlobStore::ListKeys(const std::string& prefix, const std::string& after,
                                             size_t limit) {
  Call call{.method = "GET",
            .query = {{"list-type", "2"}, {"max-keys", absl::StrCat(limit)}, {"prefix", prefix}}};
  if (!after.empty()) call.query.emplace_back("start-after", after);
  const absl::StatusOr<HttpResponse> answer = Send(std::move(call));
  if (!answer.ok()) return answer.status();
  if (!IsSuccess(*answer)) return S3Error("list", *answer);
  return ParseS3Page(answer->body);
}

absl::StatusOr<std::string> S3BlobStore::Put(std::string_view workspace,
                                             std::string_view identifier_key,
                                             std::string_view bytes,
                                             std::string_view content_type) {
  const absl::StatusOr<BlobReference> reference =
      MakeBlobReference(workspace, identifier_key, bytes, content_type);
  if (!reference.ok()) return reference.status();
  std::string name = reference->ToString();
  // The same bytes again are the same object: no need to look first.
  if (absl::Status stored = Store(KeyOf(name), bytes, content_type); !stored.ok()) return stored;
  return name;
}

absl::StatusOr<Blob> S3BlobStore::Get(std::string_view reference, size_t bytes_max) {
  const absl::StatusOr<BlobReference> parsed = ParseBlobReference(reference);
  if (!parsed.ok()) return parsed.status();
  Call call{.method = "GET", .key = KeyOf(parsed->ToString())};
  // Of an empty object no range can be asked for.
  const bool is_empty = parsed->sha256 == HexSha256("");
  if (!is_empty) {
    // One more than is wanted tells whether there are more.
    const size_t last = std::min(bytes_max, kBlobBytesMax - 1);
    call.headers.Set("Range", absl::StrCat("bytes=0-", last));
  }
  absl::StatusOr<HttpResponse> answer = Send(std::move(call));
  if (!answer.ok()) return answer.status();
  if (IsMissingObject(*answer)) return BlobNotFound(*parsed);
  if (!IsSuccess(*answer)) return S3Error("read", *answer);
  const uint64_t length =
      WholeLength(answer->headers.Get("Content-Range")).value_or(answer->body.size());
  if (length > bytes_max) return BlobTooLong(*parsed, length, bytes_max);
  if (HexSha256(answer->body) != parsed->sha256) {
    return absl::DataLossError(absl::StrCat("blob ", parsed->ToString(),
                                            " is damaged: its bytes have another digest; restore ",
                                            "it from a copy"));
  }
  const std::string_view type = answer->headers.Get("Content-Type");
  return Blob{std::move(answer->body),
              std::string(type.empty() ? std::string_view(kDefaultContentType) : type)};
}

absl::Status S3BlobStore::Delete(std::string_view reference) {
  const absl::StatusOr<BlobReference> parsed = ParseBlobReference(reference);
  if (!parsed.ok()) return parsed.status();
  return Erase(KeyOf(parsed->ToString()));
}

absl::StatusOr<int64_t> S3BlobStore::DeleteIdentifier(std::string_view workspace,
                                                      std::string_view identifier_key) {
  const absl::StatusOr<std::string> identifier = BlobIdentifier(workspace, identifier_key);
  if (!identifier.ok()) return identifier.status();
  const std::string prefix = KeyOf(absl::StrCat(ToAbsl(workspace), "/", *identifier, "/"));
  int64_t count = 0;
  std::set<std::string> gone;  // Of the last page.
  // From the beginning each time: what was listed is gone by then. Without the store's token, which
  // one that answers in the manner of version 1 does not give.
  for (int page = 0; page < kPagesMax; ++page) {
    absl::StatusOr<S3Page> listed = ListKeys(prefix, "", kBlobPageMax);
    if (!listed.ok()) return listed.status();
    std::set<std::string> keys;
    for (const S3Object& object : listed->objects) keys.insert(object.key);
    if (!listed->is_last && std::includes(gone.begin(), gone.end(), keys.begin(), keys.end())) {
      return absl::UnavailableError(
          "blob store: more is left to erase, but nothing new is listed; come again");
    }
    for (const std::string& key : keys) {
      if (absl::Status erased = Erase(key); !erased.ok()) return erased;
      ++count;
    }
    if (listed->is_last) return count;
    gone = std::move(keys);
  }
  return absl::UnavailableError("blob store: what was erased is listed again; come again");
}

absl::StatusOr<BlobPage> S3BlobStore::List(std::string_view after, size_t limit) {
  const std::string prefix = KeyOf("");
  const std::string behind = after.empty() ? "" : KeyOf(after);
  const absl::StatusOr<S3Page> listed = ListKeys(prefix, behind, limit);
  if (!listed.ok()) return listed.status();
  BlobPage page;
  for (const S3Object& object : listed->objects) {
    if (object.key <= behind || object.key.compare(0, prefix.size(), prefix) != 0) {
      return absl::FailedPreconditionError(
          "blob store: the endpoint lists what was not asked for, so that it cannot be gone "
          "through; set a lifecycle rule on the bucket instead");
    }
    std::string name = object.key.substr(prefix.size());
    if (!listed->is_last) page.next = name;
    // What others keep in the bucket stays untouched.
    if (ParseBlobReference(name).ok()) page.blobs.push_back({std::move(name), object.written});
  }
  if (!listed->is_last && page.next.empty()) {
    return absl::UnavailableError("blob store: more is there, but nothing is listed; come again");
  }
  return page;
}

}  // namespace trama::platform
