#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "boost/asio/io_context.hpp"
#include "services/platform/base/clock.h"
#include "services/platform/blob/aws_signature.h"
#include "services/platform/blob/blob_store.h"
#include "services/platform/blob/s3_answers.h"
#include "services/platform/http/http_client.h"

namespace trama::platform {

struct S3BlobOptions {
  Url endpoint;  // "https://s3.eu-west-1.amazonaws.com", "http://127.0.0.1:9000"
  std::string bucket;
  std::string prefix;  // Before every key, without slashes at its ends; may be empty.
  AwsKey key;
  std::string ca_file;                         // PEM; empty: the system's authorities.
  absl::Duration timeout = absl::Seconds(30);  // Of one request.
};

// Blobs as objects <prefix>/<workspace>/<identifier>/<sha256> of a bucket, in Amazon's S3 or a
// store that speaks its protocol (path-style addresses, Signature Version 4). An object is whole or
// not there, and never changes, so that any number of processes may share the bucket.
//
// The bucket must not keep versions: what is erased must be gone.
//
// Memory: a blob is held whole, as the interface has it; no answer is read beyond what was asked
// for.
class S3BlobStore final : public BlobStore {
 public:
  // `wall_clock`: that of the machine, against which the store checks the time of a signature.
  // Writes and erases a trial object and looks whether the bucket keeps versions; the errors say
  // what to do. `io` must run, and outlive the store.
  static absl::StatusOr<std::unique_ptr<S3BlobStore>> Open(boost::asio::io_context& io,
                                                           const Clock& wall_clock,
                                                           S3BlobOptions options);

  absl::StatusOr<std::string> Put(std::string_view workspace, std::string_view identifier_key,
                                  std::string_view bytes, std::string_view content_type) override;
  absl::StatusOr<Blob> Get(std::string_view reference, size_t bytes_max) override;
  absl::Status Delete(std::string_view reference) override;
  absl::StatusOr<int64_t> DeleteIdentifier(std::string_view workspace,
                                           std::string_view identifier_key) override;
  absl::StatusOr<BlobPage> List(std::string_view after, size_t limit) override;

 private:
  struct Call {
    std::string method;
    std::string key;  // Empty: the bucket itself.
    std::vector<std::pair<std::string, std::string>> query;
    HttpHeaders headers;
    std::string body;
  };

  S3BlobStore(std::unique_ptr<HttpClient> http, const Clock& wall_clock, S3BlobOptions options)
      : options_(std::move(options)), wall_clock_(wall_clock), http_(std::move(http)) {}

  std::string KeyOf(std::string_view name) const;
  absl::Status Try();
  // UNAVAILABLE when there is no answer; an answer of any status otherwise.
  absl::StatusOr<HttpResponse> Send(Call call);
  absl::Status Store(const std::string& key, std::string_view bytes, std::string_view type);
  absl::Status Erase(const std::string& key);
  // The first of those whose names begin so and come after `after` (empty: of all).
  absl::StatusOr<S3Page> ListKeys(const std::string& prefix, const std::string& after,
                                  size_t limit);

  const S3BlobOptions options_;
  const Clock& wall_clock_;
  const std::unique_ptr<HttpClient> http_;
};

}  // namespace trama::platform
