#include "services/platform/http/http_server.h"

#include <chrono>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/steady_timer.hpp"
#include "services/kernel/check.h"
#include "services/platform/base/server_address.h"
#include "services/platform/http/http_connection.h"
#include "services/platform/net/serial_executor.h"

namespace trama::platform {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Connections that are being told 503 at one time; more are closed without a word.
constexpr size_t kTurnedAwayMax = 64;
// Without file descriptors, for example, accepting fails until others have closed.
constexpr std::chrono::milliseconds kAcceptAgainAfter(100);
constexpr absl::Duration kCutMax = absl::Seconds(1);

absl::Status CheckOptions(const HttpServerOptions& options) {
  const auto too_small = [](const char* name) {
    return absl::InvalidArgumentError(absl::StrCat("HTTP server: ", name, " must be more than 0"));
  };
  if (options.target_bytes_max == 0) return too_small("target_bytes_max");
  if (options.header_bytes_max == 0) return too_small("header_bytes_max");
  if (options.connections_max == 0) return too_small("connections_max");
  if (options.requests_in_flight_max == 0) return too_small("requests_in_flight_max");
  if (options.keep_alive_requests_max <= 0) return too_small("keep_alive_requests_max");
  const std::pair<const char*, absl::Duration> limits[] = {
      {"idle_timeout", options.idle_timeout},   {"header_timeout", options.header_timeout},
      {"body_timeout", options.body_timeout},   {"handler_timeout", options.handler_timeout},
      {"write_timeout", options.write_timeout},
  };
  for (const auto& [name, limit] : limits) {
    if (limit <= absl::ZeroDuration() || limit > absl::Hours(24)) {
      return absl::InvalidArgumentError(absl::StrCat("HTTP server: ", name, " is ",
                                                     absl::FormatDuration(limit),
                                                     ", must be more than 0s and at most 24h"));
    }
  }
  return absl::OkStatus();
}

absl::Status Listen(asio::io_context& io, const std::string& listen, tcp::acceptor& acceptor) {
  const absl::StatusOr<ServerAddress> address =
      ParseServerAddress(listen, /*allow_port_zero=*/true);
  if (!address.ok()) return address.status();
  error_code error;
  tcp::resolver resolver(io);
  const auto found =
      resolver.resolve(address->host, absl::StrCat(address->port),
                       tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen on ", listen, ": ", error.message()));
  }
  const tcp::endpoint endpoint = *found.begin();
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", listen, ": ", error.message()));
  }
  return absl::OkStatus();
}

}  // namespace

class HttpServer::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(asio::io_context& io, std::shared_ptr<HttpServing> serving, tcp::acceptor acceptor)
      : io_(io), serving_(std::move(serving)), acceptor_(std::move(acceptor)) {
    port_ = acceptor_.local_endpoint().port();
  }

  uint16_t port() const { return port_; }

  void Open() {
    accepting_.TryEnter(1);
    asio::co_spawn(acceptor_.get_executor(), Accept(shared_from_this()), asio::detached);
  }

  // New connections are refused from now on, idle ones end.
  void StopAccepting() {
    serving_->draining = true;
    asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
      error_code ignored;
      self->acceptor_.close(ignored);
    });
    ForEachConnection([](HttpConnection& connection) { connection.CloseIfIdle(); });
  }

  void Cut() {
    ForEachConnection([](HttpConnection& connection) { connection.Close(); });
  }

  bool Drain(absl::Duration limit) {
    TRAMA_CHECK(!io_.get_executor().running_in_this_thread());
    const absl::Time until = absl::Now() + limit;
    StopAccepting();
    const bool done = accepting_.WaitForNone(until) && serving_->connections.WaitForNone(until) &&
                      serving_->handlers.WaitForNone(until);
    if (done) return true;
    Cut();
    serving_->connections.WaitForNone(absl::Now() + kCutMax);
    return false;
  }

 private:
  static Awaitable<void> Accept(std::shared_ptr<Core> core) {
    while (!core->serving_->draining) {
      error_code error;
      tcp::socket socket(SerialExecutor(core->io_));
      co_await core->acceptor_.async_accept(socket,
                                            asio::redirect_error(asio::use_awaitable, error));
      if (core->serving_->draining || error == asio::error::operation_aborted) break;
      if (error) {
        asio::steady_timer pause(core->acceptor_.get_executor(), kAcceptAgainAfter);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      core->Take(std::move(socket));
    }
    boost::system::error_code ignored;
    core->acceptor_.close(ignored);
    core->accepting_.Leave();
  }

  void Take(tcp::socket socket) {
    const auto executor = socket.get_executor();
    const auto connection = std::make_shared<HttpConnection>(serving_, Stream(std::move(socket)));
    if (serving_->connections.TryEnter(serving_->options.connections_max)) {
      asio::co_spawn(executor, Serve(shared_from_this(), connection), asio::detached);
    } else if (turned_away_.TryEnter(kTurnedAwayMax)) {
      asio::co_spawn(executor, TurnAway(shared_from_this(), connection), asio::detached);
    }
  }

  static Awaitable<void> Serve(std::shared_ptr<Core> core,
                               std::shared_ptr<HttpConnection> connection) {
    const uint64_t number = core->Register(connection);
    try {
      co_await connection->Run();
    } catch (const std::exception&) {
      // Only memory can run out here; this connection ends, the others go on.
    }
    connection->Close();
    core->Forget(number);
    core->serving_->connections.Leave();
  }

  static Awaitable<void> TurnAway(std::shared_ptr<Core> core,
                                  std::shared_ptr<HttpConnection> connection) {
    co_await connection->TurnAway();
    core->turned_away_.Leave();
  }

  uint64_t Register(const std::shared_ptr<HttpConnection>& connection) {
    const std::lock_guard lock(mutex_);
    open_.emplace(++last_number_, connection);
    return last_number_;
  }

  void Forget(uint64_t number) {
    const std::lock_guard lock(mutex_);
    open_.erase(number);
  }

  // Runs `work` for every connection, each on its own strand.
  void ForEachConnection(void (*work)(HttpConnection&)) {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, weak] : open_) {
      const std::shared_ptr<HttpConnection> connection = weak.lock();
      if (connection == nullptr) continue;
      asio::post(connection->executor(), [connection, work] { work(*connection); });
    }
  }

  asio::io_context& io_;
  const std::shared_ptr<HttpServing> serving_;
  tcp::acceptor acceptor_;
  uint16_t port_ = 0;
  BusyCount accepting_;
  BusyCount turned_away_;
  std::mutex mutex_;
  std::map<uint64_t, std::weak_ptr<HttpConnection>> open_;  // Guarded by mutex_.
  uint64_t last_number_ = 0;                                // Guarded by mutex_.
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(asio::io_context& io,
                                                              HttpServerOptions options,
                                                              HttpRouter router,
                                                              HttpObserver observer) {
  const absl::Status usable = CheckOptions(options);
  if (!usable.ok()) return usable;
  auto serving = std::make_shared<HttpServing>();
  if (options.tls.has_value()) {
    absl::StatusOr<std::unique_ptr<ReloadingTls>> tls = ReloadingTls::Open(*options.tls);
    if (!tls.ok()) return tls.status();
    serving->tls = *std::move(tls);
  }
  tcp::acceptor acceptor(SerialExecutor(io));
  const absl::Status listening = Listen(io, options.listen, acceptor);
  if (!listening.ok()) return listening;
  serving->options = std::move(options);
  serving->router = std::move(router);
  serving->observer = std::move(observer);
  auto core = std::make_shared<Core>(io, std::move(serving), std::move(acceptor));
  core->Open();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(core)));
}

HttpServer::HttpServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}

HttpServer::~HttpServer() {
  core_->StopAccepting();
  core_->Cut();
}

uint16_t HttpServer::port() const { return core_->port(); }

bool HttpServer::Drain(absl::Duration limit) { return core_->Drain(limit); }

}  // namespace trama::platform
