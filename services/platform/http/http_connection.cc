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
constexpr size_t kHeadBytesUsual = 512;
constexpr size_t kBodyBytesBesideHead = 1024;
constexpr std::string_view kLineEnd = "\r\n";
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
  constexpr std::array<std::string_view, 4> kOwn = {"Content-Length", "Transfer-Encoding",
                                                    "Connection", "Date"};
  return std::any_of(kOwn.begin(), kOwn.end(), [name](std::string_view own) {
    return own.size() == name.size() && absl::EqualsIgnoreCase(ToAbsl(name), ToAbsl(own));
  });
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

void AppendField(std::string_view name, std::string_view value, std::string& head) {
  for (const std::string_view part : {name, std::string_view(": "), value, kLineEnd}) {
    head.append(part);
  }
}

// The status line and the fields; empty when a field cannot be sent.
std::string ResponseHead(const HttpResponse& response, bool keep_alive,
                         std::string_view request_id) {
  std::string head;
  head.reserve(kHeadBytesUsual);
  absl::StrAppend(&head, "HTTP/1.1 ", response.status, " ",
                  ToAbsl(HttpStatusPhrase(response.status)), ToAbsl(kLineEnd));
  for (const auto& [name, value] : response.headers.fields()) {
    if (IsSetByServer(name)) continue;
    if (!IsValidHeaderField(name, value)) return {};
    AppendField(name, value, head);
  }
  if (HasBody(response.status)) {
    AppendField("Content-Length", ToStd(absl::AlphaNum(response.body.size()).Piece()), head);
  }
  if (!request_id.empty() && !response.headers.Has("X-Request-Id")) {
    AppendField("X-Request-Id", request_id, head);
  }
  AppendField("Date", DateOfNow(), head);
  AppendField("Connection", keep_alive ? "keep-alive" : "close", head);
  head.append(kLineEnd);
  return head;
}

// Named by the route, as the path may hold ids of persons.
Span SpanOf(const HttpServing& serving, const HttpRoute& route, const HttpRequest& request) {
  if (!serving.options.traced) return Span();
  std::string name = IsTracing() ? absl::StrCat(request.method, " ", route.path) : std::string();
  Span span =
      Span::StartAtBorder(SpanKind::kServer, std::move(name), request.headers.Get("traceparent"));
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
    if (!reader_.HasBegun()) {
      idle_ = true;
      const RequestPart begun = co_await reader_.WaitForRequest();
      idle_ = false;
      if (begun.end != End::kWhole) break;
    }
    const bool last = served >= serving_->options.keep_alive_requests_max;
    const bool goes_on = co_await ServeOne(last);
    if (!goes_on) break;
  }
  if (stream_.is_open()) co_await stream_.CloseGently(kGoodbye);
}

Awaitable<bool> HttpConnection::ServeOne(bool last) {
  // What is there already, as it mostly is, is not awaited: every coroutine costs.
  std::optional<RequestPart> head = reader_.HeadAtHand();
  if (!head.has_value()) head = co_await reader_.ReadHead();
  const absl::Time since = absl::Now();
  if (head->end == End::kGone) co_return false;
  if (head->end == End::kRefused) {
    HttpResponse refusal = HttpResponse::Text(head->status, absl::StrCat(head->reason, "\n"));
    co_await Respond(std::move(refusal), /*is_head=*/false, /*keep_alive=*/false, "");
    Observe("", kNoRoute, head->status, since);
    co_return false;
  }
  HttpRequest& request = reader_.request();
  HttpResponse response;
  bool keep_alive = reader_.keep_alive() && !last;
  if (const HttpRoute* route = Admit(request, since, response); route != nullptr) {
    std::optional<RequestPart> body = reader_.BodyAtHand(BodyMax(*route));
    if (!body.has_value()) body = co_await reader_.ReadBody(BodyMax(*route));
    if (body->end == End::kWhole) {
      request.body = reader_.TakeBody();
      Span span = BeforeHandler(*route, request);
      try {
        Awaitable<HttpResponse> answer = route->handler(std::move(request));
        response = co_await std::move(answer);
      } catch (...) {
        response = HttpResponse::Text(500, "the server failed on this request\n");
      }
      AfterHandler(span, response);
      if (late_ != Late::kNo) {
        co_await WaitForLateAnswer();
        co_return false;
      }
    } else {
      serving_->handlers.Leave();
      if (body->end == End::kGone) co_return false;
      response = HttpResponse::Text(body->status, absl::StrCat(body->reason, "\n"));
      keep_alive = false;
    }
  }
  // Bytes of a body that nobody read would be taken for the next request.
  keep_alive = keep_alive && !reader_.has_unread_body() && !serving_->draining;
  const int status = response.status;
  Answer answer =
      Compose(std::move(response), served_.method == "HEAD", keep_alive, served_.request_id);
  bool goes_on = answer.keep_alive;
  const size_t sent = stream_.WriteNow(answer.head, answer.body);
  if (sent < answer.size()) goes_on = co_await SendRest(std::move(answer), sent);
  Observe(served_.method, served_.route, status, since);
  co_return goes_on;
}

const HttpRoute* HttpConnection::Admit(HttpRequest& request, absl::Time since,
                                       HttpResponse& response) {
  request.request_id = RequestId(request.headers.Get("X-Request-Id"));
  const HttpRouter::Match match = serving_->router.Find(request.method, request.path);
  const std::string_view route = match.route == nullptr ? kNoRoute : match.route->path;
  served_ = {request.method, route, request.request_id, since};
  if (match.route == nullptr) {
    response = HttpResponse::Text(
        match.allow.empty() ? 404 : 405,
        match.allow.empty() ? "nothing lives here\n" : "this method is not for this path\n");
    if (!match.allow.empty()) response.headers.Set("Allow", match.allow);
    return nullptr;
  }
  if (serving_->handlers.TryEnter(serving_->options.requests_in_flight_max)) return match.route;
  response = Busy("too many requests at once, try again");
  return nullptr;
}

size_t HttpConnection::BodyMax(const HttpRoute& route) const {
  const size_t own_max = route.limits.body_bytes_max;
  return own_max > 0 ? own_max : serving_->options.body_bytes_max;
}

Span HttpConnection::BeforeHandler(const HttpRoute& route, HttpRequest& request) {
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
  return span;
}

void HttpConnection::AfterHandler(Span& span, const HttpResponse& response) {
  handler_due_ = kNone;
  serving_->handlers.Leave();
  if (!span.recording()) return;
  span.Set("http.response.status_code", int64_t{response.status});
  if (response.status >= 500) span.Fail(HttpStatusPhrase(response.status));
  span.Finish();
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

HttpConnection::Answer HttpConnection::Compose(HttpResponse response, bool is_head, bool keep_alive,
                                               std::string_view request_id) {
  Answer answer;
  answer.head = ResponseHead(response, keep_alive, request_id);
  if (answer.head.empty()) {
    response = HttpResponse::Text(500, "the server made a header that cannot be sent\n");
    keep_alive = false;
    answer.head = ResponseHead(response, keep_alive, request_id);
  }
  if (!is_head && HasBody(response.status)) {
    // Of one piece, which costs the system less to send than two.
    if (response.body.size() <= kBodyBytesBesideHead) {
      answer.head.append(response.body);
    } else {
      answer.body = std::move(response.body);
    }
  }
  answer.keep_alive = keep_alive;
  return answer;
}

Awaitable<bool> HttpConnection::SendRest(Answer answer, size_t sent) {
  const size_t of_head = std::min(sent, answer.head.size());
  const auto head = std::string_view(answer.head).substr(of_head);
  const auto body = std::string_view(answer.body).substr(sent - of_head);
  stream_.ExpiresAfter(serving_->options.write_timeout);
  const IoResult result = co_await stream_.Write(head, body);
  if (result.error) Close();
  co_return !result.error && answer.keep_alive;
}

Awaitable<bool> HttpConnection::Respond(HttpResponse response, bool is_head, bool keep_alive,
                                        std::string request_id) {
  Answer answer = Compose(std::move(response), is_head, keep_alive, request_id);
  co_return co_await SendRest(std::move(answer), 0);
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
