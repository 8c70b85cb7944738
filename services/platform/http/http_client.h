#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "services/platform/http/http_message.h"
#include "services/platform/http/url.h"
#include "services/platform/net/awaitable.h"
#include "services/platform/net/connect.h"
#include "services/platform/net/tls.h"

namespace trama::platform {

// What is known about a request afterwards; delivery decides by it whether it may send again
// (rules 9 and 10 of the channel contracts).
enum class HttpOutcomeKind {
  kNotSent,    // No byte of the request left: the server cannot have acted on it.
  kAmbiguous,  // Bytes left, no whole answer came: the server may have acted.
  kResponse,   // A whole answer, of any status.
};
std::string_view HttpOutcomeName(HttpOutcomeKind kind);  // "not_sent", "ambiguous", "response".

struct HttpOutcome {
  HttpOutcomeKind kind = HttpOutcomeKind::kNotSent;
  // Why there is no answer; OK with kResponse. Names the host, never the target or a header.
  absl::Status error = absl::UnknownError("not sent");
  // With kAmbiguous only `status`, and only if the answer broke off after its header; else 0.
  HttpResponse response = HttpResponse::Empty(0);
  // When the request's last byte was handed to the system; InfinitePast() if it never was.
  absl::Time request_sent_at = absl::InfinitePast();
};

struct HttpClientRequest {
  std::string method = "GET";
  Url url;
  HttpHeaders headers;  // Host, Content-Length and Connection are set by the client.
  std::string body;
  absl::Duration timeout;  // For everything, waiting for a connection included; 0: the client's.
};

// One finished request, for metrics.
struct HttpClientObservation {
  std::string_view method;
  std::string_view host;
  HttpOutcomeKind kind;
  int status = 0;  // 0 without an answer.
  double seconds = 0;
};

struct HttpClientOptions {
  absl::Duration connect_timeout = absl::Seconds(5);  // Name, TCP and TLS together.
  absl::Duration total_timeout = absl::Seconds(30);
  size_t header_bytes_max = 64 * 1024;
  size_t body_bytes_max = 8 * 1024 * 1024;
  size_t connections_per_host_max = 64;
  size_t waiting_per_host_max = 1024;  // Requests waiting for a connection; beyond: kNotSent.
  size_t idle_connections_max = 64;    // Over all hosts.
  absl::Duration idle_timeout = absl::Seconds(20);

  // Where a connection may go, see ssrf_guard.h. Empty: everywhere.
  AddressPolicy address_policy;
  TlsClientOptions tls;

  // POST and PATCH use a connection again that was idle for no longer than this. A server may close
  // an idle connection just when the request is on its way, and nobody can tell whether it was
  // read: kAmbiguous. So that this stays rare, they pay for a fresh connection when the last
  // request is some time ago; servers wait longer (Node.js and Apache 5 s, nginx 75 s by default).
  // The other methods may be repeated and are: once, on a fresh connection, unseen by the caller.
  absl::Duration post_reuse_idle_max = absl::Seconds(1);

  std::function<void(const HttpClientObservation&)> observer;  // Any thread, several at once.
};

// HTTP/1.1 client with a bounded pool of connections per host. Does not follow redirects unless
// asked to, sends no cookies, takes no compressed answers.
//
// Threads: safe from any. Lifetime: `io` must outlive the client; requests under way may outlive
// it.
class HttpClient {
 public:
  // INVALID_ARGUMENT: a TLS file cannot be used.
  static absl::StatusOr<std::unique_ptr<HttpClient>> Create(boost::asio::io_context& io,
                                                            HttpClientOptions options);
  ~HttpClient();

  Awaitable<HttpOutcome> Send(HttpClientRequest request);
  // The same for threads that may wait. Never from a thread of `io`: that would wait for itself.
  HttpOutcome SendBlocking(HttpClientRequest request);

  static constexpr int kRedirectsMax = 10;
  // GET and HEAD: follows at most `redirects_max` (<= kRedirectsMax) redirects, all within one
  // timeout, every hop under the address policy. Another origin gets no header but Accept,
  // Accept-Language, Range and User-Agent, because any other may be a credential; https never
  // becomes http. A redirect too many, or one that must not be followed, is the answer itself.
  Awaitable<HttpOutcome> Follow(HttpClientRequest request, int redirects_max);

 private:
  class Core;

  explicit HttpClient(std::shared_ptr<Core> core);

  std::shared_ptr<Core> core_;
};

// Value for an Authorization header.
std::string BasicAuthorization(std::string_view user, std::string_view password);

}  // namespace trama::platform
