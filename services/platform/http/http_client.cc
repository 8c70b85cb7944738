#include "services/platform/http/http_client.h"

#include <algorithm>
#include <exception>
#include <future>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/co_spawn.hpp"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"
#include "services/platform/base/span.h"
#include "services/platform/http/connection_pool.h"
#include "services/platform/http/http_exchange.h"
#include "services/platform/net/serial_executor.h"
#include "services/platform/net/steady_time.h"

namespace trama::platform {
namespace {

constexpr char kTraceparent[] = "traceparent";

namespace asio = boost::asio;

// Beyond a request's own time: only stopped threads can keep a blocked caller waiting so long.
constexpr std::chrono::seconds kLostAfter(10);

HttpOutcome NotSent(absl::Status error) {
  HttpOutcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

HttpOutcome Unknown(std::string_view why) {
  HttpOutcome outcome;
  outcome.kind = HttpOutcomeKind::kAmbiguous;
  outcome.error = absl::InternalError(ToAbsl(why));
  return outcome;
}

// May the same request be sent twice (RFC 9110, 9.2.2)?
bool IsIdempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" ||
         method == "DELETE";
}

}  // namespace

std::string_view HttpOutcomeName(HttpOutcomeKind kind) {
  switch (kind) {
    case HttpOutcomeKind::kNotSent:
      return "not_sent";
    case HttpOutcomeKind::kAmbiguous:
      return "ambiguous";
    case HttpOutcomeKind::kResponse:
      return "response";
  }
  return "unknown";
}

namespace {

// Below the traceparent that the request carries, which becomes the span's. Named without the path,
// which may hold ids of persons.
Span StartSpan(HttpClientRequest& request) {
  const std::string_view above = request.headers.Get(kTraceparent);
  if (above.empty() || !IsTracing()) return Span();
  Span span = Span::Start(SpanKind::kClient, request.method, above);
  span.Set("http.request.method", request.method);
  span.Set("server.address", request.url.host);
  request.headers.Set(kTraceparent, std::string(span.traceparent()));
  return span;
}

void EndSpan(Span& span, const HttpOutcome& outcome) {
  if (outcome.kind != HttpOutcomeKind::kResponse) {
    span.Fail(HttpOutcomeName(outcome.kind));
  } else {
    span.Set("http.response.status_code", int64_t{outcome.response.status});
    if (outcome.response.status >= 400) span.Fail(HttpStatusPhrase(outcome.response.status));
  }
  span.Finish();
}

}  // namespace

class HttpClient::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(asio::io_context& io, HttpClientOptions options, std::shared_ptr<TlsContext> tls)
      : io_(io), options_(std::move(options)), tls_(std::move(tls)) {
    pool_ = std::make_shared<ConnectionPool>(
        ConnectionPool::Limits{.per_origin_max = options_.connections_per_host_max,
                               .waiting_per_origin_max = options_.waiting_per_host_max,
                               .idle_max = options_.idle_connections_max,
                               .idle_timeout = options_.idle_timeout});
  }

  asio::io_context& io() { return io_; }
  absl::Duration TimeoutOf(const HttpClientRequest& request) const {
    return request.timeout > absl::ZeroDuration() ? request.timeout : options_.total_timeout;
  }

  // On a strand of its own, so that the caller may run anywhere.
  static Awaitable<HttpOutcome> Send(std::shared_ptr<Core> core, HttpClientRequest request) {
    const asio::any_io_executor strand = SerialExecutor(core->io_);
    HttpOutcome outcome = co_await asio::co_spawn(strand, SendOnStrand(core, std::move(request)),
                                                  asio::use_awaitable);
    co_return outcome;
  }

  static Awaitable<HttpOutcome> Follow(std::shared_ptr<Core> core, HttpClientRequest request,
                                       int redirects_max) {
    const absl::Time until = absl::Now() + core->TimeoutOf(request);
    for (int hop = 0;; ++hop) {
      request.timeout = std::max(until - absl::Now(), absl::Milliseconds(1));
      HttpOutcome outcome = co_await Send(core, request);
      if (outcome.kind != HttpOutcomeKind::kResponse || hop >= redirects_max) co_return outcome;
      std::optional<HttpClientRequest> next = NextHop(request, outcome.response);
      if (!next.has_value()) co_return outcome;
      request = *std::move(next);
    }
  }

 private:
  static Awaitable<HttpOutcome> SendOnStrand(std::shared_ptr<Core> core,
                                             HttpClientRequest request) {
    const absl::Time since = absl::Now();
    Span span = StartSpan(request);
    HttpOutcome outcome;
    try {
      outcome = co_await core->Try(request, since + core->TimeoutOf(request));
    } catch (const std::exception&) {
      outcome = Unknown("out of memory during a request");
    }
    EndSpan(span, outcome);
    if (core->options_.observer) {
      core->options_.observer({.method = request.method,
                               .host = request.url.host,
                               .kind = outcome.kind,
                               .status = outcome.response.status,
                               .seconds = absl::ToDoubleSeconds(absl::Now() - since)});
    }
    co_return outcome;
  }

  Awaitable<HttpOutcome> Try(const HttpClientRequest& request, absl::Time until) {
    const absl::Status usable = CheckRequest(request);
    if (!usable.ok()) co_return NotSent(usable);
    const bool idempotent = IsIdempotent(request.method);
    const absl::Duration reuse_idle_max =
        idempotent ? absl::InfiniteDuration() : options_.post_reuse_idle_max;
    auto slot = co_await pool_->Acquire(request.url.Origin(), reuse_idle_max, until);
    if (!slot.ok()) co_return NotSent(slot.status());
    if ((*slot)->reused.has_value()) {
      HttpExchange exchange = co_await OnReused(**slot, request, until);
      // The server closed the connection before or while the request was on its way.
      const bool stale = exchange.outcome.kind != HttpOutcomeKind::kResponse &&
                         !exchange.answer_began &&
                         !absl::IsDeadlineExceeded(exchange.outcome.error);
      const bool repeatable = idempotent || exchange.outcome.kind == HttpOutcomeKind::kNotSent;
      if (!stale || !repeatable) co_return std::move(exchange.outcome);
    }
    HttpOutcome outcome = co_await OnFresh(**slot, request, until);
    co_return outcome;
  }

  // On the connection's own strand.
  Awaitable<HttpExchange> OnReused(ConnectionSlot& slot, const HttpClientRequest& request,
                                   absl::Time until) {
    Stream stream = *std::move(slot.reused);
    slot.reused.reset();
    HttpExchange exchange = co_await asio::co_spawn(
        stream.executor(), Exchange(stream, request, options_, until), asio::use_awaitable);
    Keep(slot, std::move(stream), exchange.reusable);
    co_return exchange;
  }

  Awaitable<HttpOutcome> OnFresh(ConnectionSlot& slot, const HttpClientRequest& request,
                                 absl::Time until) {
    ConnectTarget target;
    target.host = request.url.host;
    target.port = request.url.port;
    target.policy = options_.address_policy;
    if (request.url.scheme == "https") target.tls = tls_;
    const absl::Duration limit = std::min(options_.connect_timeout, until - absl::Now());
    absl::StatusOr<Stream> stream = co_await Connect(std::move(target), limit);
    if (!stream.ok()) co_return NotSent(stream.status());
    HttpExchange exchange = co_await Exchange(*stream, request, options_, until);
    Keep(slot, *std::move(stream), exchange.reusable);
    co_return std::move(exchange.outcome);
  }

  static void Keep(ConnectionSlot& slot, Stream stream, bool reusable) {
    if (!reusable) return;
    stream.ExpiresNever();
    slot.kept.emplace(std::move(stream));
  }

  asio::io_context& io_;
  const HttpClientOptions options_;
  const std::shared_ptr<TlsContext> tls_;
  std::shared_ptr<ConnectionPool> pool_;
};

absl::StatusOr<std::unique_ptr<HttpClient>> HttpClient::Create(asio::io_context& io,
                                                               HttpClientOptions options) {
  if (options.connections_per_host_max == 0) {
    return absl::InvalidArgumentError("HTTP client: connections_per_host_max must be more than 0");
  }
  absl::StatusOr<std::shared_ptr<TlsContext>> tls = MakeClientTls(options.tls);
  if (!tls.ok()) return tls.status();
  auto core = std::make_shared<Core>(io, std::move(options), *std::move(tls));
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(core)));
}

HttpClient::HttpClient(std::shared_ptr<Core> core) : core_(std::move(core)) {}
HttpClient::~HttpClient() = default;

Awaitable<HttpOutcome> HttpClient::Send(HttpClientRequest request) {
  return Core::Send(core_, std::move(request));
}

Awaitable<HttpOutcome> HttpClient::Follow(HttpClientRequest request, int redirects_max) {
  TRAMA_CHECK(redirects_max >= 0 && redirects_max <= kRedirectsMax);
  return Core::Follow(core_, std::move(request), redirects_max);
}

HttpOutcome HttpClient::SendBlocking(HttpClientRequest request) {
  TRAMA_CHECK(!core_->io().get_executor().running_in_this_thread());
  const auto limit = ToSteady(core_->TimeoutOf(request)) + kLostAfter;
  const auto answer = std::make_shared<std::promise<HttpOutcome>>();
  std::future<HttpOutcome> waiting = answer->get_future();
  asio::co_spawn(core_->io(), Core::Send(core_, std::move(request)),
                 [answer](const std::exception_ptr& failed, HttpOutcome outcome) {
                   answer->set_value(failed == nullptr ? std::move(outcome)
                                                       : Unknown("out of memory during a request"));
                 });
  if (waiting.wait_for(limit) != std::future_status::ready) {
    return Unknown("the threads of the HTTP client have stopped");
  }
  return waiting.get();
}

std::string BasicAuthorization(std::string_view user, std::string_view password) {
  return absl::StrCat("Basic ",
                      absl::Base64Escape(absl::StrCat(ToAbsl(user), ":", ToAbsl(password))));
}

}  // namespace trama::platform
