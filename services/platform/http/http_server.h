#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "services/platform/http/http_router.h"
#include "services/platform/net/tls.h"

namespace trama::platform {

// One answered request, for metrics.
struct HttpObservation {
  std::string_view method;  // One of the nine standard methods, else "OTHER".
  std::string_view route;   // The route's path as registered; "(none)" when none was found.
  int status = 0;
  double seconds = 0;  // From the last byte of the header to the answer's last byte.
};
// Called on the server's threads, several at once.
using HttpObserver = std::function<void(const HttpObservation&)>;

struct HttpServerOptions {
  std::string listen = "127.0.0.1:0";  // "host:port" or "[v6]:port"; port 0: any free one.

  size_t target_bytes_max = 8 * 1024;   // Beyond: 414.
  size_t header_bytes_max = 32 * 1024;  // Request line and fields; beyond: 431.
  size_t body_bytes_max = 1024 * 1024;  // Of routes without an own limit; beyond: 413.
  size_t connections_max = 1024;        // Beyond: 503 with Retry-After.
  size_t requests_in_flight_max = 512;  // Handlers running; beyond: 503 with Retry-After.
  int keep_alive_requests_max = 1000;   // Requests on one connection; then it is closed.

  absl::Duration idle_timeout = absl::Seconds(60);     // Between requests; then closed silently.
  absl::Duration header_timeout = absl::Seconds(10);   // First to last byte of a header; else 408.
  absl::Duration body_timeout = absl::Seconds(30);     // For the whole body; else 408.
  absl::Duration handler_timeout = absl::Seconds(30);  // Routes may have their own; 503, closed.
  absl::Duration write_timeout = absl::Seconds(30);    // For the whole answer; else closed.

  bool traced = true;  // A span for every request that has a route.

  std::optional<TlsServerOptions> tls;  // The files may be renewed (net/reloading_tls.h).
};

// HTTP/1.1 and 1.0 server. Malformed and oversized requests get a clear 4xx and the connection is
// closed; nothing that a client sends ends the process.
//
// Threads: those of `io`. Lifetime: `io` must outlive the server. Handlers may run until Drain()
// has returned true or the threads of `io` have been stopped, whichever comes first; what they use
// must live that long.
class HttpServer {
 public:
  // Listens and serves from now on. INVALID_ARGUMENT: unusable options; UNAVAILABLE: the address
  // cannot be bound.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(boost::asio::io_context& io,
                                                           HttpServerOptions options,
                                                           HttpRouter router,
                                                           HttpObserver observer = nullptr);
  // Closes at once what is still open, without waiting.
  ~HttpServer();

  // The port listened on, also when the options said 0.
  uint16_t port() const;

  // Stops accepting, closes idle connections, lets requests in flight finish with
  // "Connection: close"; what has not finished after `limit` is cut. True if nothing was cut and no
  // handler runs any more. Blocks: not from a thread of `io`. Safe to repeat.
  bool Drain(absl::Duration limit);

 private:
  class Core;

  explicit HttpServer(std::shared_ptr<Core> core);

  std::shared_ptr<Core> core_;
};

}  // namespace trama::platform
