#include "services/channels/email/mail_server.h"

#include <algorithm>
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
#include "services/platform/base/log.h"
#include "services/platform/base/server_address.h"
#include "services/platform/net/serial_executor.h"
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

// What all dialogues of a server share; a call that is still on its way to one (CloseIfWaiting) may
// keep both longer than the server.
struct Shared {
  std::atomic<bool> draining{false};
  std::atomic<size_t> held_bytes{0};
};

// One dialogue.
class Dialogue : public std::enable_shared_from_this<Dialogue> {
 public:
  Dialogue(const MailServerOptions& options, const SmtpSession::CheckRecipient& check,
           MailIntake& intake, std::shared_ptr<Shared> shared, Stream stream)
      : options_(options),
        intake_(intake),
        shared_(std::move(shared)),
        stream_(std::move(stream)),
        session_(options.session, check) {}
  ~Dialogue() { shared_->held_bytes -= held_; }

  Awaitable<void> Run() {
    const absl::Time until = absl::Now() + options_.dialogue_max;
    const std::string greeting = session_.Greeting();
    const bool greeted = co_await Say(greeting);
    if (!greeted) co_return;
    std::array<char, kReadBytes> bytes;
    while (true) {
      if (Leaving()) {
        co_await SayGoodbye("come again");
        break;
      }
      stream_.ExpiresAfter(std::min(options_.idle_max, until - absl::Now()));
      waiting_ = true;
      const platform::IoResult read = co_await stream_.ReadSome(bytes.data(), bytes.size());
      waiting_ = false;
      if (read.error) {
        co_await SayGoodbye("come again");
        break;
      }
      const std::string_view received(bytes.data(), read.bytes);
      SmtpSession::Output output = session_.Feed(received);
      const bool goes_on = co_await React(output);
      if (!goes_on) break;
      if (!Hold(session_.held_bytes())) {
        co_await SayGoodbye("too much at once; come again");
        break;
      }
    }
    co_await stream_.CloseGently(kGoodbyeMax);
  }

  // Turns away a client for whom there is no room.
  Awaitable<void> TurnAway() {
    co_await SayGoodbye("too many connections; come again");
    co_await stream_.CloseGently(kGoodbyeMax);
  }

  // Ends a dialogue that waits for the client and is not in the middle of a mail.
  void CloseIfWaiting() {
    asio::post(stream_.executor(), [self = shared_from_this()] {
      if (self->waiting_ && self->Leaving()) self->stream_.ExpiresAfter(absl::ZeroDuration());
    });
  }
  void Close() {
    asio::post(stream_.executor(), [self = shared_from_this()] { self->stream_.Close(); });
  }

 private:
  // Carries out what the session wants; `output` belongs to the caller, who waits. False: the
  // dialogue is over.
  Awaitable<bool> React(SmtpSession::Output& output) {
    while (output.mail) {
      const bool said = co_await Say(output.replies);
      if (!said) co_return false;
      Hold(output.mail->message.capacity() + session_.held_bytes());
      const std::vector<SmtpReply> replies = co_await intake_.Take(*std::move(output.mail));
      output = session_.Answer(replies);
    }
    const bool said = co_await Say(output.replies);
    if (!said || output.close) co_return false;
    if (!output.start_tls) co_return true;
    std::shared_ptr<platform::TlsContext> tls = options_.tls->Current();
    const error_code refused = co_await stream_.TlsAccept(std::move(tls));
    if (refused) {
      platform::Log(platform::LogLevel::kWarning, "tls refused",
                    {{"door", "smtp"}, {"why", refused.message()}});
      co_return false;
    }
    session_.TlsStarted();
    co_return true;
  }

  // `text` belongs to the caller, who waits.
  Awaitable<bool> Say(const std::string& text) {
    if (text.empty()) co_return true;
    stream_.ExpiresAfter(options_.idle_max);
    co_return !(co_await stream_.Write(text)).error;
  }
  Awaitable<void> SayGoodbye(std::string_view why) {
    stream_.ExpiresAfter(kGoodbyeMax);
    const std::string goodbye = SmtpSession::Goodbye(options_.session.hostname, why);
    co_await stream_.Write(goodbye);
  }

  // A mail that has begun may end: its sender has sent most of it for nothing otherwise.
  bool Leaving() const { return shared_->draining && !session_.in_mail(); }

  // False when all dialogues together hold too much.
  bool Hold(size_t bytes) {
    shared_->held_bytes += bytes - held_;
    held_ = bytes;
    return shared_->held_bytes <= options_.held_bytes_max || bytes <= kReadBytes * 2;
  }

  const MailServerOptions& options_;
  MailIntake& intake_;
  const std::shared_ptr<Shared> shared_;
  Stream stream_;
  SmtpSession session_;
  size_t held_ = 0;
  bool waiting_ = false;  // For the client's next bytes.
};

class MailServer::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(asio::io_context& io, MailServerOptions options, SmtpSession::CheckRecipient check,
       MailIntake& intake)
      : io_(io),
        options_(std::move(options)),
        check_(std::move(check)),
        intake_(intake),
        acceptor_(platform::SerialExecutor(io)) {}

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

  void BeginDrain() {
    if (shared_->draining.exchange(true)) return;
    asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
      error_code ignored;
      self->acceptor_.close(ignored);
    });
    ForEach([](Dialogue& dialogue) { dialogue.CloseIfWaiting(); });
  }

  void Drain(absl::Duration limit) {
    BeginDrain();
    if (WaitForNone(limit)) return;
    ForEach([](Dialogue& dialogue) { dialogue.Close(); });
    WaitForNone(kGoodbyeMax);
  }

 private:
  static Awaitable<void> Accept(std::shared_ptr<Core> core) {
    while (!core->shared_->draining) {
      error_code error;
      tcp::socket socket(platform::SerialExecutor(core->io_));
      co_await core->acceptor_.async_accept(socket,
                                            asio::redirect_error(asio::use_awaitable, error));
      if (core->shared_->draining || error == asio::error::operation_aborted) break;
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
    const auto dialogue = std::make_shared<Dialogue>(core->options_, core->check_, core->intake_,
                                                     core->shared_, std::move(stream));
    const int64_t number = core->Enter(dialogue);
    try {
      if (number == 0) {
        co_await dialogue->TurnAway();
      } else {
        co_await dialogue->Run();
      }
    } catch (const std::exception& error) {
      platform::Log(platform::LogLevel::kError, "a mail dialogue broke", {{"why", error.what()}});
    }
    core->Leave(number);
  }

  // 0 when there are too many.
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
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
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

void MailServer::BeginDrain() { core_->BeginDrain(); }

void MailServer::Drain(absl::Duration limit) { core_->Drain(limit); }

}  // namespace trama::email
