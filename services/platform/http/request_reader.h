#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "boost/beast/core/flat_buffer.hpp"
#include "services/platform/http/http_message.h"
#include "services/platform/http/http_server.h"
#include "services/platform/http/request_parser.h"
#include "services/platform/net/stream.h"

namespace trama::platform {

// How reading a part of a request ended.
struct RequestPart {
  enum class End {
    kWhole,
    kGone,     // The client left, or was idle too long: nobody to answer.
    kRefused,  // To be answered with `status` and `reason`, then closed.
  };
  End end = End::kWhole;
  int status = 0;
  std::string reason;  // For the client: what was wrong with its request.
};

// Reads the requests of one connection, one after another; bytes of a pipelined next request stay
// in its buffer. Used by one coroutine on the connection's strand.
class RequestReader {
 public:
  // Both must outlive the reader.
  RequestReader(Stream& stream, const HttpServerOptions& options)
      : stream_(stream), options_(options) {}

  // Waits for the first byte of the next request, unless it is here already.
  bool HasBegun();
  Awaitable<RequestPart> WaitForRequest();

  // The header, checked: what has become of it, or none when its end has to be waited for. Once for
  // each request that has begun.
  std::optional<RequestPart> HeadAtHand();
  // The same, waiting; after HeadAtHand gave none.
  Awaitable<RequestPart> ReadHead();

  // The body, which may have at most `bytes_max`, in the same way.
  std::optional<RequestPart> BodyAtHand(size_t bytes_max);
  // Says "100 Continue" if asked to.
  Awaitable<RequestPart> ReadBody(size_t bytes_max);

  // After the header: method, target and headers; until the next request begins.
  HttpRequest& request() { return parser_->request(); }
  // After the body.
  std::string TakeBody();

  bool keep_alive() const;
  // The request has a body that has not been read.
  bool has_unread_body() const;

 private:
  Awaitable<RequestPart> ReadMore(absl::Duration limit, std::string_view what);
  // From the bytes that are there; none when they end before that part does.
  std::optional<RequestPart> ParseHead();
  std::optional<RequestPart> ParseBody(size_t bytes_max);
  RequestPart CheckHead();
  RequestPart CheckFraming();
  RequestPart RefuseHead(const boost::system::error_code& error) const;
  void SkipEmptyLines();

  Stream& stream_;
  const HttpServerOptions& options_;
  boost::beast::flat_buffer buffer_;
  std::optional<RequestParser> parser_;
  size_t head_bytes_ = 0;  // Of the present request, as far as it was parsed.
  bool expects_continue_ = false;
};

}  // namespace trama::platform
