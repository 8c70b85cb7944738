#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/beast/http/string_body.hpp"
#include "services/platform/http/http_message.h"
#include "services/platform/http/http_server.h"
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

  // Waits for the first byte of the next request.
  Awaitable<RequestPart> WaitForRequest();
  // Reads up to the end of the header and checks it.
  Awaitable<RequestPart> ReadHead();
  // Reads the body, which may have at most `bytes_max`; says "100 Continue" if asked to.
  Awaitable<RequestPart> ReadBody(size_t bytes_max);

  // After ReadHead: method, target and headers. Takes them.
  HttpRequest TakeRequest();
  // After ReadBody.
  std::string TakeBody();

  bool keep_alive() const;
  // The request has a body that has not been read.
  bool has_unread_body() const;

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  Awaitable<RequestPart> ReadMore(absl::Duration limit, std::string_view what);
  RequestPart CheckHead();
  RequestPart CheckFraming();
  RequestPart RefuseHead(const boost::system::error_code& error) const;
  void SkipEmptyLines();

  Stream& stream_;
  const HttpServerOptions& options_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  HttpRequest request_;
  bool expects_continue_ = false;
};

}  // namespace trama::platform
