#include "services/platform/http/http_connection.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/redirect_error.hpp"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"
#include "services/platform/base/drawn_id.h"
#include "services/platform/base/log.h"
#include "services/platform/base/span.h"
#include "services/platform/base/trace.h"
#include "services/platform/net/steady_time.h"

namespace trama::platform {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using End = RequestPart::End;

constexpr absl::Duration kGoodbye = absl::Seconds(1);
constexpr absl::Duration kTurnAway = absl::Milliseconds(500);
constexpr size_t kRequestIdBytesMax = 64;
constexpr std::string_view kNoRoute = "(none)";

std::string RequestId(std::string_view wanted) {
  const bool harmless = !wanted.empty() && wanted.size() <= kRequestIdBytesMax &&
                        std::all_of(wanted.begin(), wanted.end(), [](char c) {
                          return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
                                 c == '_' || c == '-';
                        });
  if (harmless) return std::string(wanted);
  const std::array<uint8_t, 16> drawn = DrawId<16>();
  return absl::BytesToHexString({reinterpret_cast<const char*>(drawn.data()), drawn.size()});
}

// Only known names become metric labels: a client must not be able to make new time series.
std::string_view MethodLabel(std::string_view method) {
  constexpr std::array<std::string_view, 9> kKnown = {
      "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"};
  const auto* found = std::find(kKnown.begin(), kKnown.end(), method);
  return found == kKnown.end() ? "OTHER" : *found;
}

HttpResponse Busy(std::string_view what) {
  HttpResponse response = HttpResponse::Text(503, absl::StrCat(ToAbsl(what), "\n"));
  response.headers.Set("Retry-After", "1");
  return response;
}

bool IsSetByServer(std::string_view name) {
  for (const char* own : {"Content-Length", "Transfer-Encoding", "Connection", "Date"}) {
    if (absl::EqualsIgnoreCase(ToAbsl(name), own)) return true;
  }
  return false;
}

// The text changes once a second only.
const std::string& DateOfNow() {
  thread_local int64_t second = 0;
  thread_local std::string text;
  const absl::Time now = absl::Now();
  if (const int64_t present = absl::ToUnixSeconds(now); present != second || text.empty()) {
    second = present;
    text = absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", now, absl::UTCTimeZone());
  }
  return text;
}

bool HasBody(int status) { return status >= 200 && status != 204 && status != 304; }

// The status line and the fields; empty when a field cannot be sent.
std::string ResponseHead(const HttpResponse& response, bool keep_alive,
                         std::string_view request_id) {
  std::string head = absl::StrCat("HTTP/1.1 ", response.status, " ",
                                  ToAbsl(HttpStatusPhrase(response.status)), "\r\n");
  for (const auto& [name, value] : response.headers.fields()) {
    if (IsSetByServer(name)) continue;
    if (!IsValidHeaderField(name, value)) return {};
    absl::StrAppend(&head, name, ": ", value, "\r\n");
  }
  if (HasBody(response.status)) {
    absl::StrAppend(&head, "Content-Length: ", response.body.size(), "\r\n");
  }
  if (!request_id.empty() && !response.headers.Has("X-Request-Id")) {
    absl::StrAppend(&head, "X-Request-Id: ", ToAbsl(request_id), "\r\n");
  }
  absl::StrAppend(&head, "Date: ", DateOfNow(),
                  "\r\nConnection: ", keep_alive ? "keep-alive" : "close", "\r\n\r\n");
  return head;
}

// Named by the route, as the path may hold ids of persons.
Span SpanOf(const HttpServing& serving, const HttpRoute& route, const HttpRequest& request) {
  if (!serving.options.traced) return Span();
  Span span = Span::StartAtBorder(SpanKind::kServer, absl::StrCat(request.method, " ", route.path),
                                  request.headers.Get("traceparent"));
  span.Set("http.request.method", request.method);
  span.Set("http.route", route.path);
  return span;
}

}  // namespace

bool BusyCount::TryEnter(size_t limit) {
  const std::lock_guard lock(mutex_);
  if (count_ >= limit) return false;
  ++count_;
  return true;
}

void BusyCount::Leave() {
  const std::lock_guard lock(mutex_);
  TRAMA_CHECK(count_ > 0);
  if (--count_ == 0) none_.notify_all();
}

bool BusyCount::WaitForNone(absl::Time until) {
  std::unique_lock lock(mutex_);
  return none_.wait_for(lock, ToSteady(until - absl::Now()), [this] { return count_ == 0; });
}

size_t BusyCount::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

HttpConnection::HttpConnection(std::shared_ptr<HttpServing> serving, Stream stream)
    : serving_(std::move(serving)),
      stream_(std::move(stream)),
      peer_(stream_.remote().address().to_string()),
      reader_(stream_, serving_->options),
      watch_(stream_.executor()) {}

Awaitable<void> HttpConnection::Run() {
  if (serving_->tls != nullptr) {
    stream_.ExpiresAfter(serving_->options.header_timeout);
    std::shared_ptr<TlsContext> tls = serving_->tls->Current();
    const error_code error = co_await stream_.TlsAccept(std::move(tls));
    if (error) {
      Log(LogLevel::kWarning, "tls refused", {{"door", "http"}, {"why", error.message()}});
      Close();
      co_return;
    }
  }
  for (int served = 1; !serving_->draining; ++served) {
    idle_ = true;
    const RequestPart begun = co_await reader_.WaitForRequest();
    idle_ = false;
    if (begun.end != End::kWhole) break;
    const bool last = served >= serving_->options.keep_alive_requests_max;
    const bool goes_on = co_await ServeOne(last);
    if (!goes_on) break;
  }
  if (stream_.is_open()) co_await stream_.CloseGently(kGoodbye);
}

Awaitable<bool> HttpConnection::ServeOne(bool last) {
  RequestPart head = co_await reader_.ReadHead();
  const absl::Time since = absl::Now();
  if (head.end == End::kGone) co_return false;
  if (head.end == End::kRefused) {
    HttpResponse refusal = HttpResponse::Text(head.status, absl::StrCat(head.reason, "\n"));
    co_await Respond(std::move(refusal), /*is_head=*/false, /*keep_alive=*/false, "");
    Observe("", kNoRoute, head.status, since);
    co_return false;
  }
  HttpRequest request = reader_.TakeRequest();
  request.request_id = RequestId(request.headers.Get("X-Request-Id"));
  const HttpRouter::Match match = serving_->router.Find(request.method, request.path);
  const std::string_view route = match.route == nullptr ? kNoRoute : match.route->path;
  served_ = {request.method, route, request.request_id, since};
  const std::string& method = served_.method;
  const std::string& request_id = served_.request_id;

  HttpResponse response;
  bool keep_alive = reader_.keep_alive() && !last;
  if (match.route == nullptr) {
    response = HttpResponse::Text(
        match.allow.empty() ? 404 : 405,
        match.allow.empty() ? "nothing lives here\n" : "this method is not for this path\n");
    if (!match.allow.empty()) response.headers.Set("Allow", match.allow);
  } else if (!serving_->handlers.TryEnter(serving_->options.requests_in_flight_max)) {
    response = Busy("too many requests at once, try again");
  } else {
    const size_t own_max = match.route->limits.body_bytes_max;
    const size_t body_max = own_max > 0 ? own_max : serving_->options.body_bytes_max;
    RequestPart body = co_await reader_.ReadBody(body_max);
    if (body.end == End::kWhole) {
      request.body = reader_.TakeBody();
      response = co_await Handle(*match.route, std::move(request));
      if (late_ != Late::kNo) {
        co_await WaitForLateAnswer();
        co_return false;
      }
    } else {
      serving_->handlers.Leave();
      if (body.end == End::kGone) co_return false;
      response = HttpResponse::Text(body.status, absl::StrCat(body.reason, "\n"));
      keep_alive = false;
    }
  }
  // Bytes of a body that nobody read would be taken for the next request.
  keep_alive = keep_alive && !reader_.has_unread_body() && !serving_->draining;
  const int status = response.status;
  const bool sent = co_await Respond(std::move(response), method == "HEAD", keep_alive, request_id);
  Observe(method, route, status, since);
  co_return sent&& keep_alive;
}

Awaitable<HttpResponse> HttpConnection::Handle(const HttpRoute& route, HttpRequest request) {
  const absl::Duration limit = route.limits.handler_timeout > absl::ZeroDuration()
                                   ? route.limits.handler_timeout
                                   : serving_->options.handler_timeout;
  request.deadline = absl::Now() + limit;
  Span span = SpanOf(*serving_, route, request);
  request.traceparent = serving_->options.traced
                            ? span.traceparent()
                            : TraceparentOrNew(request.headers.Get("traceparent"));
  request.peer = peer_;

  handler_due_ = std::chrono::steady_clock::now() + ToSteady(limit);
  ArmWatch();
  HttpResponse response;
  try {
    Awaitable<HttpResponse> answer = route.handler(std::move(request));
    response = co_await std::move(answer);
  } catch (...) {
    response = HttpResponse::Text(500, "the server failed on this request\n");
  }
  handler_due_ = kNone;
  serving_->handlers.Leave();
  span.Set("http.response.status_code", int64_t{response.status});
  if (response.status >= 500) span.Fail(HttpStatusPhrase(response.status));
  co_return response;
}

void HttpConnection::ArmWatch() {
  // Routes may differ in their limits.
  if (watch_armed_ && watch_.expiry() <= handler_due_) return;
  watch_armed_ = true;
  watch_.expires_at(handler_due_);
  watch_.async_wait([weak = weak_from_this()](const error_code& cancelled) {
    const std::shared_ptr<HttpConnection> self = weak.lock();
    if (!cancelled && self != nullptr) self->OnWatch();
  });
}

void HttpConnection::OnWatch() {
  watch_armed_ = false;
  if (handler_due_ == kNone) return;
  if (std::chrono::steady_clock::now() < handler_due_) return ArmWatch();
  late_ = Late::kAnswering;
  asio::co_spawn(executor(), AnswerLate(shared_from_this()), asio::detached);
}

Awaitable<void> HttpConnection::AnswerLate(std::shared_ptr<HttpConnection> self) {
  HttpResponse busy = Busy("the answer takes too long, try again");
  const int status = busy.status;
  const Served served = self->served_;
  co_await self->Respond(std::move(busy), served.method == "HEAD", /*keep_alive=*/false,
                         served.request_id);
  self->Observe(served.method, served.route, status, served.since);
  if (self->stream_.is_open()) co_await self->stream_.CloseGently(kGoodbye);
  self->Close();
  self->late_ = Late::kAnswered;
  self->watch_.cancel();
}

Awaitable<void> HttpConnection::WaitForLateAnswer() {
  while (late_ == Late::kAnswering) {
    watch_.expires_at(kNone);
    error_code ignored;
    co_await watch_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

Awaitable<bool> HttpConnection::Respond(HttpResponse response, bool is_head, bool keep_alive,
                                        std::string request_id) {
  std::string head = ResponseHead(response, keep_alive, request_id);
  if (head.empty()) {
    response = HttpResponse::Text(500, "the server made a header that cannot be sent\n");
    keep_alive = false;
    head = ResponseHead(response, keep_alive, request_id);
  }
  std::string_view body;
  if (!is_head && HasBody(response.status)) body = response.body;
  stream_.ExpiresAfter(serving_->options.write_timeout);
  const IoResult sent = co_await stream_.Write(head, body);
  if (sent.error) Close();
  co_return !sent.error && keep_alive;
}

Awaitable<void> HttpConnection::TurnAway() {
  const absl::Time since = absl::Now();
  if (serving_->tls == nullptr) {
    HttpResponse busy = Busy("too many connections, try again");
    co_await Respond(std::move(busy), /*is_head=*/false, /*keep_alive=*/false, "");
    co_await stream_.CloseGently(kTurnAway);
  }
  Close();
  Observe("", kNoRoute, 503, since);
}

void HttpConnection::CloseIfIdle() {
  if (idle_) Close();
}

void HttpConnection::Observe(std::string_view method, std::string_view route, int status,
                             absl::Time since) {
  if (serving_->observer == nullptr) return;
  serving_->observer({.method = MethodLabel(method),
                      .route = route,
                      .status = status,
                      .seconds = absl::ToDoubleSeconds(absl::Now() - since)});
}

}  // namespace trama::platform
