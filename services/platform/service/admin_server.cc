#include "services/platform/service/admin_server.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/platform/base/server_address.h"

namespace trama::platform {
namespace {

// Probes and scrapers, nobody else.
constexpr size_t kConnectionsMax = 64;

HttpResponse Answer(const HealthReport& report) {
  std::vector<std::string> lines = report.missing;
  if (report.fine) lines.push_back("ok");
  lines.insert(lines.end(), report.notes.begin(), report.notes.end());
  return HttpResponse::Text(report.fine ? 200 : 503,
                            absl::StrCat(absl::StrJoin(lines, "\n"), "\n"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(boost::asio::io_context& io,
                                                                const std::string& listen,
                                                                const Health& health,
                                                                const Metrics& metrics) {
  absl::StatusOr<ServerAddress> address = ParseServerAddress(listen, /*allow_port_zero=*/true);
  if (!address.ok()) return address.status();
  HttpRouter router;
  router.Exact("GET", "/livez",
               SyncHandler([&health](const HttpRequest&) { return Answer(health.Live()); }));
  router.Exact("GET", "/readyz",
               SyncHandler([&health](const HttpRequest&) { return Answer(health.Ready()); }));
  router.Exact("GET", "/metrics", SyncHandler([&metrics](const HttpRequest&) {
                 HttpResponse response = HttpResponse::Text(200, metrics.Exposition());
                 response.headers.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
                 return response;
               }));
  HttpServerOptions options;
  options.listen = listen;
  options.connections_max = kConnectionsMax;
  options.traced = false;  // Probes and scrapes are nobody's step.
  absl::StatusOr<std::unique_ptr<HttpServer>> server =
      HttpServer::Start(io, std::move(options), std::move(router));
  if (!server.ok()) return server.status();
  std::unique_ptr<AdminServer> admin(new AdminServer);
  admin->host_ = address->host;
  admin->server_ = *std::move(server);
  return admin;
}

std::string AdminServer::address() const {
  return ServerAddress{host_, server_->port()}.ToString();
}

}  // namespace trama::platform
