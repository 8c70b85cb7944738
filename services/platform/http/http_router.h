#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/platform/http/http_message.h"
#include "services/platform/net/awaitable.h"

namespace trama::platform {

// Answers one request. Runs on a thread of the server's io_context: it must not block; wait with
// co_await. An exception becomes 500. A coroutine takes the request by value (it outlives the
// call); what only hands it on takes the reference and spares a move of all its strings.
using HttpHandler = std::function<Awaitable<HttpResponse>(HttpRequest&&)>;

// A handler that answers without waiting for anything.
HttpHandler SyncHandler(std::function<HttpResponse(const HttpRequest&)> answer);

// What one route may cost; zero means the server's default.
struct HttpRouteLimits {
  size_t body_bytes_max = 0;
  absl::Duration handler_timeout;
};

struct HttpRoute {
  std::string method;
  std::string path;  // The label of the route in metrics.
  HttpRouteLimits limits;
  HttpHandler handler;
};

// Which handler answers which path. Filled before the server starts, then only read.
class HttpRouter {
 public:
  // Answers `path` and nothing below it. GET also answers HEAD.
  void Exact(std::string_view method, std::string_view path, HttpHandler handler,
             HttpRouteLimits limits = {});
  // Answers every path that starts with `path`, which must end with '/'. Exact paths go first, then
  // the longest prefix.
  void Prefix(std::string_view method, std::string_view path, HttpHandler handler,
              HttpRouteLimits limits = {});

  struct Match {
    const HttpRoute* route = nullptr;  // Null: 404, or 405 when `allow` is not empty.
    std::string allow;                 // The methods that this path has: "GET, HEAD, POST".
  };
  Match Find(std::string_view method, std::string_view path) const;

 private:
  using Methods = std::map<std::string, HttpRoute, std::less<>>;

  static Match FindMethod(const Methods& methods, std::string_view method);

  std::map<std::string, Methods, std::less<>> exact_;
  std::map<std::string, Methods, std::less<>> prefixes_;
};

}  // namespace trama::platform
