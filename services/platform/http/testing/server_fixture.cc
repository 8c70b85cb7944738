#include "services/platform/http/testing/server_fixture.h"

#include <chrono>
#include <stdexcept>

namespace trama::platform {
namespace {

constexpr std::chrono::seconds kWaitMax(20);

}  // namespace

void ServerFixture::Start(HttpServerOptions options) {
  HttpRouter router;
  router.Exact("GET", "/hello",
               SyncHandler([](const HttpRequest&) { return HttpResponse::Text(200, "hello"); }));
  const HttpHandler echo = SyncHandler([](const HttpRequest& request) {
    HttpResponse response = HttpResponse::Text(200, request.body);
    response.headers.Set("X-Target", request.target);
    response.headers.Set("X-Path", request.path);
    response.headers.Set("X-Query", request.query);
    response.headers.Set("X-Peer", request.peer);
    response.headers.Set("X-Trace", request.traceparent);
    return response;
  });
  router.Exact("POST", "/echo", echo);
  router.Exact("PUT", "/echo", echo);
  router.Exact("POST", "/small", SyncHandler([](const HttpRequest& request) {
                 return HttpResponse::Text(200, request.body);
               }),
               {.body_bytes_max = 10});
  router.Exact("GET", "/throw", SyncHandler([](const HttpRequest&) -> HttpResponse {
                 throw std::runtime_error("a handler's bug");
               }));
  router.Exact("GET", "/bad-header", SyncHandler([](const HttpRequest&) {
                 HttpResponse response = HttpResponse::Empty(204);
                 response.headers.Set("X-Bad", "a\r\nSet-Cookie: b");
                 return response;
               }));
  router.Exact("GET", "/slow", [this](HttpRequest) { return Slow(); });
  router.Exact("GET", "/hasty", [this](HttpRequest) { return Slow(); },
               {.handler_timeout = absl::Milliseconds(100)});
  auto server = HttpServer::Start(io_.context(), std::move(options), std::move(router),
                                  [this](const HttpObservation& seen) { Observe(seen); });
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
}

Awaitable<HttpResponse> ServerFixture::Slow() {
  co_await AwaitCallback<bool>([this](std::function<void(bool)> done) {
    const std::lock_guard lock(mutex_);
    ++slow_;
    changed_.notify_all();
    if (released_) return done(true);
    waiting_.push_back(std::move(done));
  });
  co_return HttpResponse::Text(200, "at last");
}

void ServerFixture::Release() {
  const std::lock_guard lock(mutex_);
  released_ = true;
  for (const auto& done : waiting_) done(true);
  waiting_.clear();
}

void ServerFixture::WaitForSlow(int count) {
  std::unique_lock lock(mutex_);
  ASSERT_TRUE(changed_.wait_for(lock, kWaitMax, [&] { return slow_ >= count; }));
}

void ServerFixture::Observe(const HttpObservation& observation) {
  const std::lock_guard lock(mutex_);
  seen_.push_back(
      {std::string(observation.method), std::string(observation.route), observation.status});
  changed_.notify_all();
}

std::vector<ServerFixture::Seen> ServerFixture::WaitForSeen(size_t count) {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, kWaitMax, [&] { return seen_.size() >= count; }));
  return seen_;
}

std::string ServerFixture::Exchange(std::string_view bytes) {
  TestSocket socket = Connect();
  socket.Send(bytes);
  socket.CloseSending();
  return socket.ReadAll();
}

}  // namespace trama::platform
