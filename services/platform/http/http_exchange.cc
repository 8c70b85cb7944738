#include "services/platform/http/http_exchange.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/error.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/http/error.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/beast/http/string_body.hpp"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using Parser = http::response_parser<http::string_body>;

constexpr size_t kAnswerReadBytes = 16 * 1024;
constexpr int kInterimAnswersMax = 16;
// For an answer that a server gave before it stopped reading.
constexpr absl::Duration kEarlyAnswerMax = absl::Seconds(1);

template <size_t N>
bool IsOneOf(std::string_view name, const char* const (&names)[N]) {
  return std::any_of(std::begin(names), std::end(names), [name](const char* candidate) {
    return absl::EqualsIgnoreCase(ToAbsl(name), candidate);
  });
}

bool IsSetByClient(std::string_view name) {
  constexpr const char* kOwn[] = {"Host", "Content-Length", "Connection", "Transfer-Encoding"};
  return IsOneOf(name, kOwn);
}

std::string RequestHead(const HttpClientRequest& request) {
  std::string head = absl::StrCat(request.method, " ", request.url.Target(),
                                  " HTTP/1.1\r\nHost: ", request.url.Authority(), "\r\n");
  for (const auto& [name, value] : request.headers.fields()) {
    if (!IsSetByClient(name)) absl::StrAppend(&head, name, ": ", value, "\r\n");
  }
  if (!request.headers.Has("User-Agent")) absl::StrAppend(&head, "User-Agent: Trama\r\n");
  const bool may_be_empty = request.method == "GET" || request.method == "HEAD" ||
                            request.method == "DELETE" || request.method == "OPTIONS";
  if (!request.body.empty() || !may_be_empty) {
    absl::StrAppend(&head, "Content-Length: ", request.body.size(), "\r\n");
  }
  absl::StrAppend(&head, "\r\n");
  return head;
}

absl::Status Broken(const HttpClientRequest& request, std::string_view what,
                    const error_code& error) {
  const std::string text = absl::StrCat(ToAbsl(what), " ", request.url.host, ": ", error.message());
  if (error == boost::asio::error::timed_out) return absl::DeadlineExceededError(text);
  if (error == http::error::body_limit || error == http::error::header_limit) {
    return absl::ResourceExhaustedError(text);
  }
  return absl::UnavailableError(text);
}

HttpResponse TakeResponse(Parser& parser) {
  HttpResponse response;
  response.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get()) {
    response.headers.Add({field.name_string().data(), field.name_string().size()},
                         {field.value().data(), field.value().size()});
  }
  response.body = std::move(parser.get().body());
  return response;
}

// Reads answers from one connection.
class ResponseReader {
 public:
  ResponseReader(Stream& stream, const HttpClientOptions& options)
      : stream_(stream), options_(options) {}

  // The final answer; interim ones (100, 103) are skipped. An error when none came whole.
  Awaitable<error_code> Read(bool is_head) {
    for (int interim = 0; interim <= kInterimAnswersMax; ++interim) {
      parser_.emplace();
      head_bytes_ = 0;
      parser_->header_limit(static_cast<uint32_t>(options_.header_bytes_max));
      parser_->body_limit(options_.body_bytes_max);
      parser_->skip(is_head);
      const error_code error = co_await ReadOne();
      if (error) co_return error;
      const unsigned status = parser_->get().result_int();
      if (status >= 200 || status == 101) co_return error_code();
      // No interim answer either: it would have a body, perhaps up to the end of the connection.
      if (status < 100) break;
    }
    co_return error_code(http::error::bad_status);
  }

  bool began() const { return began_; }
  // Of the answer so far; 0 before the end of its header.
  int status() const {
    return parser_->is_header_done() ? static_cast<int>(parser_->get().result_int()) : 0;
  }
  bool reusable() const { return parser_->keep_alive() && buffer_.size() == 0; }
  HttpResponse Take() { return TakeResponse(*parser_); }

 private:
  Awaitable<error_code> ReadOne() {
    while (!parser_->is_done()) {
      error_code error = http::error::need_more;
      if (buffer_.size() > 0) Parse(error);
      if (error && error != http::error::need_more) co_return error;
      if (parser_->is_done()) break;
      if (!error && buffer_.size() > 0) continue;
      // Chunk headers and trailers, for which Beast has no limit.
      if (buffer_.size() > options_.header_bytes_max) {
        co_return error_code(http::error::header_limit);
      }
      const auto space = buffer_.prepare(kAnswerReadBytes);
      const IoResult read =
          co_await stream_.ReadSome(static_cast<char*>(space.data()), space.size());
      buffer_.commit(read.bytes);
      began_ = began_ || read.bytes > 0;
      if (!read.error) continue;
      if (read.error != boost::asio::error::eof || !parser_->got_some()) co_return read.error;
      parser_->put_eof(error);  // Right only for a body that ends with the connection.
      if (error) co_return error;
    }
    co_return error_code();
  }

  void Parse(error_code& error) {
    const bool is_head = !parser_->is_header_done();
    const size_t read = parser_->put(buffer_.data(), error);
    buffer_.consume(read);
    if (!is_head) return;
    // Beast compares its limit with what one call brings, and takes whole fields as they come.
    head_bytes_ += read;
    const size_t begun = parser_->is_header_done() ? 0 : buffer_.size();
    if (head_bytes_ + begun > options_.header_bytes_max) error = http::error::header_limit;
  }

  Stream& stream_;
  const HttpClientOptions& options_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  size_t head_bytes_ = 0;  // Of the present answer, as far as it was parsed.
  bool began_ = false;
};

}  // namespace

Awaitable<HttpExchange> Exchange(Stream& stream, const HttpClientRequest& request,
                                 const HttpClientOptions& options, absl::Time until) {
  HttpExchange exchange;
  HttpOutcome& outcome = exchange.outcome;
  const absl::Duration left = until - absl::Now();
  if (left <= absl::ZeroDuration()) {
    outcome.error = Broken(request, "no time left to send to", boost::asio::error::timed_out);
    co_return exchange;
  }
  const std::string head = RequestHead(request);
  stream.ExpiresAfter(left);
  const IoResult sent = co_await stream.Write(head, request.body);
  // Without TLS the count is exact. With it a record may have left although its bytes do not
  // count yet, so only the doubtful answer is safe.
  if (sent.error && sent.bytes == 0 && !stream.is_tls()) {
    outcome.error = Broken(request, "cannot send to", sent.error);
    co_return exchange;
  }
  outcome.kind = HttpOutcomeKind::kAmbiguous;
  if (sent.error == boost::asio::error::timed_out) {
    outcome.error = Broken(request, "sending was not finished to", sent.error);
    co_return exchange;
  }
  if (!sent.error) outcome.request_sent_at = absl::Now();
  if (sent.error) stream.ExpiresAfter(std::min(until - absl::Now(), kEarlyAnswerMax));

  ResponseReader reader(stream, options);
  const error_code error = co_await reader.Read(request.method == "HEAD");
  exchange.answer_began = reader.began();
  if (error) {
    outcome.error = Broken(request, "no whole answer from", error);
    outcome.response.status = reader.status();
    co_return exchange;
  }
  outcome.kind = HttpOutcomeKind::kResponse;
  outcome.error = absl::OkStatus();
  outcome.response = reader.Take();
  exchange.reusable = !sent.error && reader.reusable();
  co_return exchange;
}

absl::Status CheckRequest(const HttpClientRequest& request) {
  if (!IsValidHeaderField(request.method, "")) {
    return absl::InvalidArgumentError("the HTTP method is no token, use for example GET");
  }
  if (request.url.host.empty() || request.url.port == 0) {
    return absl::InvalidArgumentError("the request has no host, make its URL with ParseUrl");
  }
  const std::string target = request.url.Target();
  const bool clean =
      std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!clean || target.front() != '/') {
    return absl::InvalidArgumentError(
        absl::StrCat("the path or query for host ", request.url.host,
                     " has a space or control character, use PercentEncode"));
  }
  for (const auto& [name, value] : request.headers.fields()) {
    if (!IsValidHeaderField(name, value)) {
      return absl::InvalidArgumentError(absl::StrCat("a header for host ", request.url.host,
                                                     " has a line break or control character"));
    }
  }
  return absl::OkStatus();
}

std::optional<HttpClientRequest> NextHop(const HttpClientRequest& request,
                                         const HttpResponse& response) {
  const int status = response.status;
  const bool redirects =
      status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  const bool safe = request.method == "GET" || request.method == "HEAD";
  const std::optional<std::string_view> location = response.headers.Find("Location");
  if (!redirects || !safe || !location.has_value()) return std::nullopt;
  const absl::StatusOr<Url> url = ResolveUrl(request.url, *location);
  if (!url.ok()) return std::nullopt;
  if (request.url.scheme == "https" && url->scheme != "https") return std::nullopt;

  HttpClientRequest next;
  next.method = request.method;
  next.url = *url;
  if (url->Origin() == request.url.Origin()) {
    next.headers = request.headers;
    return next;
  }
  // Any other header may be a credential.
  constexpr const char* kHarmless[] = {"Accept", "Accept-Language", "Range", "User-Agent"};
  for (const auto& [name, value] : request.headers.fields()) {
    if (IsOneOf(name, kHarmless)) next.headers.Add(name, value);
  }
  return next;
}

}  // namespace trama::platform
