#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "services/platform/http/http_server.h"

namespace trama::loadgen {

// The vendor's side of a channel that sends by HTTP: listens from now on.
inline absl::StatusOr<std::unique_ptr<platform::HttpServer>> StartSinkServer(
    const std::string& listen, boost::asio::io_context& io, platform::HttpRouter router) {
  platform::HttpServerOptions options;
  options.listen = listen;
  options.keep_alive_requests_max = 1'000'000;  // Vendors keep connections for long.
  return platform::HttpServer::Start(io, options, std::move(router));
}

// The same where one POST, whatever its path, is all that the vendor is asked for.
inline absl::StatusOr<std::unique_ptr<platform::HttpServer>> StartPostSink(
    const std::string& listen, boost::asio::io_context& io,
    std::function<platform::HttpResponse(const platform::HttpRequest&)> take) {
  platform::HttpRouter router;
  router.Prefix("POST", "/", platform::SyncHandler(std::move(take)));
  return StartSinkServer(listen, io, std::move(router));
}

}  // namespace trama::loadgen
