#include "services/channels/email/mail_server.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/strand.hpp"
#include "services/platform/base/log.h"
#include "services/platform/base/server_address.h"
#include "services/platform/net/stream.h"

namespace trama::email {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using platform::Awaitable;
using platform::Stream;

constexpr size_t kReadBytes = 16 * 1024;
constexpr absl::Duration kGoodbyeMax = absl::Seconds(2);

}  // namespace

// One dialogue.
class Dialogue : public std::enable_shared_from_this<Dialogue> {
 public:
  Dialogue(const MailServerOptions& options, const SmtpSession::CheckRecipient& check,
           MailIntake& intake, Stream stream)
      : options_(options),
        intake_(intake),
        stream_(std::move(stream)),
        session_(options.session, check) {}

  Awaitable<void> Run(const std::atomic<bool>& draining) {
    const absl::Time until = absl::Now() + options_.dialogue_max;
    if (!co_await Say(session_.Greeting())) co_return;
    std::array<char, kReadBytes> bytes;
    while (true) {
      stream_.ExpiresAfter(options_.idle_max);
      waiting_ = true;
      const platform::IoResult read = co_await stream_.ReadSome(bytes.data(), bytes.size());
      waiting_ = false;
      if (read.error || draining || absl::Now() > until) {
        co_await Say(SmtpSession::Goodbye(options_.session.hostname, "come again"));
        break;
      }
      SmtpSession::Output output = session_.Feed({bytes.data(), read.bytes});
      while (output.mail) {
        if (!co_await Say(output.replies)) co_return;
        output = session_.Answer(co_await intake_.Take(*std::move(output.mail)));
      }
      if (!co_await Say(output.replies) || output.close) break;
      if (output.start_tls) {
        if (co_await stream_.TlsAccept(options_.tls)) co_return;
        session_.TlsStarted();
      }
    }
    co_await stream_.CloseGently(kGoodbyeMax);
  }

  // Ends a dialogue that waits for the client; on its strand.
  void CloseIfWaiting() {
    asio::post(stream_.executor(), [self = shared_from_this()] {
      if (self->waiting_) self->stream_.ExpiresAfter(absl::ZeroDuration());
    });
  }
  void Close() {
    asio::post(stream_.executor(), [self = shared_from_this()] { self->stream_.Close(); });
  }

 private:
  Awaitable<bool> Say(const std::string& text) {
    if (text.empty()) co_return true;
    stream_.ExpiresAfter(options_.idle_max);
    co_return !(co_await stream_.Write(text)).error;
  }

  const MailServerOptions& options_;
  MailIntake& intake_;
  Stream stream_;
  SmtpSession session_;
  bool waiting_ = false;
};

class MailServer::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(asio::io_context& io, MailServerOptions options, SmtpSession::CheckRecipient check,
       MailIntake& intake)
      : io_(io),
        options_(std::move(options)),
        check_(std::move(check)),
        intake_(intake),
        acceptor_(asio::make_strand(io)) {}

  absl::Status Listen() {
    const auto address = platform::ParseServerAddress(options_.listen, /*allow_port_zero=*/true);
    if (!address.ok()) return address.status();
    error_code error;
    tcp::resolver resolver(io_);
    const auto found =
        resolver.resolve(address->host, absl::StrCat(address->port), tcp::resolver::passive, error);
    if (!error) acceptor_.open(found.begin()->endpoint().protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(found.begin()->endpoint(), error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return absl::UnavailableError(
          absl::StrCat("cannot listen on ", options_.listen, ": ", error.message()));
    }
    port_ = acceptor_.local_endpoint().port();
    asio::co_spawn(acceptor_.get_executor(), Accept(shared_from_this()), asio::detached);
    return absl::OkStatus();
  }

  uint16_t port() const { return port_; }

  void Drain(absl::Duration limit) {
    draining_ = true;
    asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
      error_code ignored;
      self->acceptor_.close(ignored);
    });
    ForEach([](Dialogue& dialogue) { dialogue.CloseIfWaiting(); });
    if (WaitForNone(limit)) return;
    ForEach([](Dialogue& dialogue) { dialogue.Close(); });
    WaitForNone(kGoodbyeMax);
  }

 private:
  static Awaitable<void> Accept(std::shared_ptr<Core> core) {
    while (!core->draining_) {
      error_code error;
      tcp::socket socket(asio::make_strand(core->io_));
      co_await core->acceptor_.async_accept(socket,
                                            asio::redirect_error(asio::use_awaitable, error));
      if (core->draining_ || error == asio::error::operation_aborted) break;
      if (error) {
        // Out of descriptors, most likely: some will be free again.
        asio::steady_timer pause(core->acceptor_.get_executor(), std::chrono::milliseconds(100));
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      const auto executor = socket.get_executor();
      asio::co_spawn(executor, Serve(core, Stream(std::move(socket))), asio::detached);
    }
  }

  static Awaitable<void> Serve(std::shared_ptr<Core> core, Stream stream) {
    const auto dialogue =
        std::make_shared<Dialogue>(core->options_, core->check_, core->intake_, std::move(stream));
    const int64_t number = core->Enter(dialogue);
    if (number > 0) {
      try {
        co_await dialogue->Run(core->draining_);
      } catch (const std::exception& error) {
        platform::Log(platform::LogLevel::kError, "a mail dialogue broke", {{"why", error.what()}});
      }
      core->Leave(number);
    }
  }

  // 0 when there are too many: the connection is closed, servers come again.
  int64_t Enter(const std::shared_ptr<Dialogue>& dialogue) {
    const std::lock_guard lock(mutex_);
    if (dialogues_.size() >= options_.connections_max) return 0;
    dialogues_.emplace(++last_number_, dialogue);
    return last_number_;
  }
  void Leave(int64_t number) {
    const std::lock_guard lock(mutex_);
    dialogues_.erase(number);
    none_left_.notify_all();
  }
  template <typename Do>
  void ForEach(Do act) {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, dialogue] : dialogues_) act(*dialogue);
  }
  bool WaitForNone(absl::Duration limit) {
    std::unique_lock lock(mutex_);
    return none_left_.wait_for(lock, absl::ToChronoMilliseconds(limit),
                               [this] { return dialogues_.empty(); });
  }

  asio::io_context& io_;
  const MailServerOptions options_;
  const SmtpSession::CheckRecipient check_;
  MailIntake& intake_;
  tcp::acceptor acceptor_;
  uint16_t port_ = 0;
  std::atomic<bool> draining_{false};
  std::mutex mutex_;
  std::condition_variable none_left_;
  std::map<int64_t, std::shared_ptr<Dialogue>> dialogues_;
  int64_t last_number_ = 0;
};

absl::StatusOr<std::unique_ptr<MailServer>> MailServer::Start(boost::asio::io_context& io,
                                                              MailServerOptions options,
                                                              SmtpSession::CheckRecipient check,
                                                              MailIntake& intake) {
  auto core = std::make_shared<Core>(io, std::move(options), std::move(check), intake);
  if (absl::Status listening = core->Listen(); !listening.ok()) return listening;
  return std::unique_ptr<MailServer>(new MailServer(std::move(core)));
}

MailServer::~MailServer() { core_->Drain(absl::ZeroDuration()); }

uint16_t MailServer::port() const { return core_->port(); }

void MailServer::Drain(absl::Duration limit) { core_->Drain(limit); }

}  // namespace trama::email
