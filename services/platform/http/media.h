#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "services/platform/http/http_message.h"
#include "services/platform/http/ssrf_guard.h"
#include "services/platform/net/awaitable.h"
#include "services/platform/net/tls.h"

namespace trama::platform {

// The media type that the bytes themselves show, of those that customers send (JPEG, PNG, GIF,
// WebP, HEIC, PDF, MP4, 3GPP, QuickTime, WebM, Ogg, MP3, AAC, AMR, WAV, FLAC); empty when none of
// them.
std::string_view SniffMediaType(std::string_view bytes);

struct MediaLimits {
  size_t bytes_max = 25 * 1024 * 1024;
  absl::Duration timeout = absl::Seconds(30);
  int redirects_max = 3;
};

struct Media {
  std::string bytes;
  // What the bytes show; "application/octet-stream" when they show nothing known. Never merely what
  // the server claimed, so that a page named image/png is not shown as HTML.
  std::string content_type;
  std::string declared_type;  // The server's claim, lower case, without parameters; may be empty.
};

// Fetches files that strangers point to, every hop under an SSRF guard.
//
// Threads: safe from any. Lifetime: `io` must outlive it.
class MediaFetcher {
 public:
  static absl::StatusOr<std::unique_ptr<MediaFetcher>> Create(boost::asio::io_context& io,
                                                              SsrfGuardOptions guard,
                                                              MediaLimits limits,
                                                              TlsClientOptions tls = {});
  ~MediaFetcher();

  // `headers` (for example Authorization) go to the first host only. Errors, none of which names
  // more of the URL than its host: PERMISSION_DENIED the guard, or 401/403; NOT_FOUND 404/410;
  // RESOURCE_EXHAUSTED larger than bytes_max; INVALID_ARGUMENT not a usable URL or another 4xx:
  // none of these gets better by trying again. UNAVAILABLE, DEADLINE_EXCEEDED: try again later.
  Awaitable<absl::StatusOr<Media>> Fetch(std::string url, HttpHeaders headers);
  // The same for threads that may wait; never from a thread of `io`.
  absl::StatusOr<Media> FetchBlocking(const std::string& url, const HttpHeaders& headers);

 private:
  class Core;

  explicit MediaFetcher(std::shared_ptr<Core> core);

  std::shared_ptr<Core> core_;
};

}  // namespace trama::platform
