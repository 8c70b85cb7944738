#include "services/platform/http/request_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/error.hpp"
#include "boost/beast/http/error.hpp"
#include "services/kernel/strings.h"
#include "services/platform/http/url.h"

namespace trama::platform {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using End = RequestPart::End;

constexpr size_t kReadBytes = 16 * 1024;

RequestPart Refuse(int status, std::string reason) {
  return {.end = End::kRefused, .status = status, .reason = std::move(reason)};
}

RequestPart TooLarge(size_t bytes_max) {
  return Refuse(413, absl::StrCat("the body may have at most ", bytes_max, " bytes"));
}

bool NeedsLength(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

// Splits the target into path and query. The absolute form, which proxies send, loses its origin;
// false for what no server of ours has (authority form, relative paths).
bool SplitTarget(HttpRequest& request) {
  std::string_view target = request.target;
  if (target == "*") {
    request.path = "*";
    return request.method == "OPTIONS";
  }
  std::string absolute;
  if (target.empty() || target.front() != '/') {
    const absl::StatusOr<Url> url = ParseUrl(target);
    if (!url.ok()) return false;
    absolute = url->Target();
    target = absolute;
  }
  const size_t question = std::min(target.find('?'), target.size());
  request.path = std::string(target.substr(0, question));
  if (question < target.size()) request.query = std::string(target.substr(question + 1));
  return true;
}

}  // namespace

Awaitable<RequestPart> RequestReader::ReadMore(absl::Duration limit, std::string_view what) {
  const auto space = buffer_.prepare(kReadBytes);
  const IoResult read = co_await stream_.ReadSome(static_cast<char*>(space.data()), space.size());
  buffer_.commit(read.bytes);
  if (!read.error) co_return RequestPart{};
  if (read.error == boost::asio::error::timed_out) {
    co_return Refuse(
        408, absl::StrCat(ToAbsl(what), " did not arrive within ", absl::FormatDuration(limit)));
  }
  co_return RequestPart{.end = End::kGone};
}

bool RequestReader::HasBegun() {
  SkipEmptyLines();
  return buffer_.size() > 0;
}

Awaitable<RequestPart> RequestReader::WaitForRequest() {
  stream_.ExpiresAfter(options_.idle_timeout);
  while (!HasBegun()) {
    const auto space = buffer_.prepare(kReadBytes);
    const IoResult read = co_await stream_.ReadSome(static_cast<char*>(space.data()), space.size());
    buffer_.commit(read.bytes);
    // A client that has sent nothing has nothing to be told.
    if (read.error) co_return RequestPart{.end = End::kGone};
  }
  co_return RequestPart{};
}

// RFC 9112, 2.2: empty lines before a request line are to be ignored.
void RequestReader::SkipEmptyLines() {
  while (buffer_.size() >= 2) {
    const char* data = static_cast<const char*>(buffer_.data().data());
    if (data[0] != '\r' || data[1] != '\n') return;
    buffer_.consume(2);
  }
}

std::optional<RequestPart> RequestReader::HeadAtHand() {
  parser_.emplace();
  head_bytes_ = 0;
  parser_->eager(false);
  parser_->header_limit(static_cast<uint32_t>(options_.header_bytes_max));
  // Every route has its own limit, see ParseBody; Beast 1.74 takes "none" for "nothing allowed".
  parser_->body_limit(std::numeric_limits<uint64_t>::max());
  return ParseHead();
}

std::optional<RequestPart> RequestReader::ParseHead() {
  while (true) {
    error_code error;
    const size_t read = parser_->put(buffer_.data(), error);
    buffer_.consume(read);
    if (error && error != http::error::need_more) return RefuseHead(error);
    // Beast compares its limit with what one call brings, and takes whole fields as they come.
    head_bytes_ += read;
    const size_t begun = parser_->is_header_done() ? 0 : buffer_.size();
    if (head_bytes_ + begun > options_.header_bytes_max) {
      return RefuseHead(http::error::header_limit);
    }
    if (parser_->is_header_done()) return CheckHead();
    if (error || buffer_.size() == 0) return std::nullopt;
  }
}

Awaitable<RequestPart> RequestReader::ReadHead() {
  stream_.ExpiresAfter(options_.header_timeout);
  while (true) {
    RequestPart read = co_await ReadMore(options_.header_timeout, "the header");
    if (read.end != End::kWhole) co_return read;
    std::optional<RequestPart> head = ParseHead();
    if (head.has_value()) co_return *std::move(head);
  }
}

RequestPart RequestReader::RefuseHead(const error_code& error) const {
  if (error != http::error::header_limit && error != http::error::buffer_overflow) {
    return Refuse(400, absl::StrCat("malformed request: ", error.message()));
  }
  if (parser_->request().target.empty()) {
    return Refuse(414, absl::StrCat("the request target may have at most ",
                                    options_.target_bytes_max, " bytes"));
  }
  return Refuse(431, absl::StrCat("the request header may have at most ", options_.header_bytes_max,
                                  " bytes"));
}

RequestPart RequestReader::CheckHead() {
  HttpRequest& request = parser_->request();
  if (request.target.size() > options_.target_bytes_max) {
    return Refuse(414, absl::StrCat("the request target may have at most ",
                                    options_.target_bytes_max, " bytes"));
  }
  if (parser_->has_too_many_fields()) {
    return Refuse(431, absl::StrCat("a request may have at most ", RequestParser::kFieldsMax,
                                    " header fields"));
  }
  if (!SplitTarget(request)) {
    return Refuse(400, "malformed request: the target must start with '/'");
  }
  return CheckFraming();
}

// What two servers in a row could understand differently is refused: it is how requests are
// smuggled past a proxy (RFC 9112, 6.3 and 11.2).
RequestPart RequestReader::CheckFraming() {
  const bool http11 = parser_->is_http11();
  const HttpRequest& request = parser_->request();
  const size_t hosts = request.headers.Count("Host");
  if (hosts > 1 || (http11 && hosts == 0)) {
    return Refuse(400, "malformed request: exactly one Host header is needed");
  }
  // Beast takes it twice if both say the same.
  if (request.headers.Count("Content-Length") > 1) {
    return Refuse(400, "malformed request: at most one Content-Length is allowed");
  }
  const size_t codings = request.headers.Count("Transfer-Encoding");
  if (codings > 0) {
    if (!http11) return Refuse(400, "malformed request: HTTP/1.0 knows no Transfer-Encoding");
    const std::string_view coding = request.headers.Get("Transfer-Encoding");
    if (codings != 1 || !absl::EqualsIgnoreCase(ToAbsl(coding), "chunked")) {
      return Refuse(501, "the only Transfer-Encoding understood is chunked");
    }
  } else if (!request.headers.Has("Content-Length") && NeedsLength(request.method)) {
    // Without a length the body would be taken for empty, and its bytes for the next request.
    return Refuse(411, "a request with a body needs Content-Length or chunked encoding");
  }
  const std::string_view expected = request.headers.Get("Expect");
  if (!expected.empty() && !absl::EqualsIgnoreCase(ToAbsl(expected), "100-continue")) {
    return Refuse(417, "the only expectation understood is 100-continue");
  }
  expects_continue_ = http11 && !expected.empty();
  return RequestPart{};
}

std::optional<RequestPart> RequestReader::BodyAtHand(size_t bytes_max) {
  if (parser_->is_done()) return RequestPart{};
  const auto length = parser_->content_length();
  if (length.has_value() && *length > bytes_max) return TooLarge(bytes_max);
  parser_->body_limit(bytes_max);                     // For chunks, which announce no sum.
  if (buffer_.size() > 0) expects_continue_ = false;  // Nobody waits for a word.
  return ParseBody(bytes_max);
}

std::optional<RequestPart> RequestReader::ParseBody(size_t bytes_max) {
  while (!parser_->is_done()) {
    if (buffer_.size() == 0) return std::nullopt;
    error_code error;
    buffer_.consume(parser_->put(buffer_.data(), error));
    if (error == http::error::need_more) return std::nullopt;
    if (error == http::error::body_limit) return TooLarge(bytes_max);
    if (error) return Refuse(400, absl::StrCat("malformed body: ", error.message()));
  }
  return RequestPart{};
}

Awaitable<RequestPart> RequestReader::ReadBody(size_t bytes_max) {
  stream_.ExpiresAfter(options_.body_timeout);
  if (expects_continue_) {
    const IoResult sent = co_await stream_.Write("HTTP/1.1 100 Continue\r\n\r\n");
    if (sent.error) co_return RequestPart{.end = End::kGone};
  }
  while (true) {
    // Only a chunk's header or the trailer is kept unparsed, and Beast has no limit for them.
    if (buffer_.size() > options_.header_bytes_max) {
      co_return Refuse(431, absl::StrCat("a chunk header or trailer may have at most ",
                                         options_.header_bytes_max, " bytes"));
    }
    RequestPart read = co_await ReadMore(options_.body_timeout, "the body");
    if (read.end != End::kWhole) co_return read;
    std::optional<RequestPart> body = ParseBody(bytes_max);
    if (body.has_value()) co_return *std::move(body);
  }
}

std::string RequestReader::TakeBody() { return std::move(parser_->body()); }

bool RequestReader::keep_alive() const { return parser_->keep_alive(); }

bool RequestReader::has_unread_body() const { return !parser_->is_done(); }

}  // namespace trama::platform
