#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "boost/asio/steady_timer.hpp"
#include "services/platform/base/span.h"
#include "services/platform/http/http_router.h"
#include "services/platform/http/http_server.h"
#include "services/platform/http/request_reader.h"
#include "services/platform/net/reloading_tls.h"
#include "services/platform/net/stream.h"

namespace trama::platform {

// Counts what is under way, up to a limit; can wait for none. Thread-safe.
class BusyCount {
 public:
  // False, and nothing counted, at `limit`.
  bool TryEnter(size_t limit);
  void Leave();
  bool WaitForNone(absl::Time until);
  size_t count() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable none_;
  size_t count_ = 0;
};

// What the connections of a server share. Connections and handlers keep it alive.
struct HttpServing {
  HttpServerOptions options;
  HttpRouter router;
  HttpObserver observer;
  std::unique_ptr<ReloadingTls> tls;  // Null: plain.
  std::atomic<bool> draining = false;
  BusyCount connections;
  BusyCount handlers;
};

// One client's connection: reads requests, runs their handlers, writes the answers. Lives on the
// strand of its stream; CloseIfIdle and Close must run there, too.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(std::shared_ptr<HttpServing> serving, Stream stream);

  // Serves until either side closes. The caller keeps the object alive.
  Awaitable<void> Run();
  // Says 503 with Retry-After without reading anything, and closes.
  Awaitable<void> TurnAway();

  // For a drain: closes unless a request is being read or answered.
  void CloseIfIdle();
  void Close() { stream_.Close(); }
  boost::asio::any_io_executor executor() { return stream_.executor(); }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr TimePoint kNone = TimePoint::max();

  // Answers one request; false when the connection must end.
  Awaitable<bool> ServeOne(bool last);
  // The route whose handler may run now, counted among those that do. Null: `response` says why
  // none does.
  const HttpRoute* Admit(HttpRequest& request, absl::Time since, HttpResponse& response);
  size_t BodyMax(const HttpRoute& route) const;
  Span BeforeHandler(const HttpRoute& route, HttpRequest& request);
  void AfterHandler(Span& span, const HttpResponse& response);
  // Looks after the handler that runs: armed once for many requests, as most are over long before.
  void ArmWatch();
  void OnWatch();
  // In place of a handler that takes too long; what that says later nobody hears.
  static Awaitable<void> AnswerLate(std::shared_ptr<HttpConnection> self);
  Awaitable<void> WaitForLateAnswer();

  // An answer as it is sent.
  struct Answer {
    std::string head;  // With a small body behind it.
    std::string body;
    bool keep_alive = false;

    size_t size() const { return head.size() + body.size(); }
  };
  static Answer Compose(HttpResponse response, bool is_head, bool keep_alive,
                        std::string_view request_id);
  // What the client has not taken at once. True: it was sent, and the connection goes on.
  Awaitable<bool> SendRest(Answer answer, size_t sent);
  Awaitable<bool> Respond(HttpResponse response, bool is_head, bool keep_alive,
                          std::string request_id);
  void Observe(std::string_view method, std::string_view route, int status, absl::Time since);

  const std::shared_ptr<HttpServing> serving_;
  Stream stream_;
  const std::string peer_;  // Its address.
  RequestReader reader_;
  bool idle_ = false;  // Between requests.

  // Of the request whose handler runs, for AnswerLate.
  struct Served {
    std::string method;
    std::string_view route;
    std::string request_id;
    absl::Time since;
  };
  Served served_;
  TimePoint handler_due_ = kNone;  // kNone: none runs.
  boost::asio::steady_timer watch_;
  bool watch_armed_ = false;
  enum class Late { kNo, kAnswering, kAnswered };
  Late late_ = Late::kNo;
};

}  // namespace trama::platform
