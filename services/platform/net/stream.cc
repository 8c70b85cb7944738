#include "services/platform/net/stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "boost/asio/buffer.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/ssl/error.hpp"
#include "boost/asio/ssl/host_name_verification.hpp"
#include "boost/asio/write.hpp"
#include "services/kernel/check.h"
#include "services/platform/net/steady_time.h"

namespace trama::platform {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

// A cancel that falls between two steps of a composed operation meets nothing, so it is repeated
// until the operation has ended.
constexpr std::chrono::milliseconds kCancelAgainAfter(50);
constexpr size_t kDiscardBytesMax = 256 * 1024;

void Prepare(tcp::socket& socket) {
  error_code ignored;
  // Answers are written whole: waiting for more bytes would only delay them.
  socket.set_option(tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);  // For WriteNow.
}

}  // namespace

struct Stream::State : std::enable_shared_from_this<State> {
  explicit State(tcp::socket connected)
      : socket(std::move(connected)), timer(socket.get_executor()) {}

  bool Expired() const {
    return deadline != SteadyClock::time_point::max() && SteadyClock::now() >= deadline;
  }

  void SetDeadline(SteadyClock::time_point at) {
    deadline = at;
    if (waiting > 0) Arm();
  }

  // Makes sure that the timer fires at the deadline or earlier; OnTimer sorts out the rest, so that
  // moving the deadline back, as every request does, costs nothing.
  void Arm() {
    if (deadline == SteadyClock::time_point::max()) return;
    if (armed && timer.expiry() <= deadline) return;
    WaitUntil(deadline);
  }

  void WaitUntil(SteadyClock::time_point at) {
    armed = true;
    const uint64_t round = ++timer_round;
    timer.expires_at(at);
    timer.async_wait([weak = weak_from_this(), round](const error_code&) {
      const std::shared_ptr<State> self = weak.lock();
      if (self != nullptr && self->timer_round == round) self->OnTimer();
    });
  }

  void OnTimer() {
    armed = false;
    if (waiting == 0) return;
    if (!Expired()) return Arm();
    error_code ignored;
    socket.cancel(ignored);
    WaitUntil(SteadyClock::now() + kCancelAgainAfter);
  }

  // One operation of the caller, from its start to its end.
  class Operation {
   public:
    explicit Operation(State& state) : state_(state) {
      ++state_.waiting;
      state_.Arm();
    }
    ~Operation() { --state_.waiting; }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    void NameTimeout(error_code& error) const { state_.NameTimeout(error); }

   private:
    State& state_;
  };

  void NameTimeout(error_code& error) const {
    if (error == asio::error::operation_aborted && Expired()) error = asio::error::timed_out;
  }

  // An operation without a coroutine around it: `start` begins it and gives it the handler. That
  // names no executor, so that Asio calls it right where it takes events, which is where the
  // coroutine ran before.
  template <typename Start>
  static Awaitable<IoResult> Await(std::shared_ptr<State> state, Start start) {
    auto initiate = [](auto resume, std::shared_ptr<State> self, Start begin) {
      State& stream = *self;
      ++stream.waiting;
      stream.Arm();
      begin(stream, [self = std::move(self), resume = std::move(resume)](const error_code& error,
                                                                         size_t bytes) mutable {
        IoResult result{error, bytes};
        --self->waiting;
        self->NameTimeout(result.error);
        resume(std::move(result));
      });
    };
    const auto& token = asio::use_awaitable;
    return asio::async_initiate<const asio::use_awaitable_t<>, void(IoResult)>(
        initiate, token, std::move(state), std::move(start));
  }

  static Awaitable<IoResult> TimedOut() {
    co_return IoResult{.error = asio::error::timed_out, .bytes = 0};
  }

  tcp::socket socket;
  std::shared_ptr<TlsContext> tls_context;  // Outlives `tls`, which refers to it.
  std::unique_ptr<asio::ssl::stream<tcp::socket&>> tls;
  asio::steady_timer timer;
  SteadyClock::time_point deadline = SteadyClock::time_point::max();
  uint64_t timer_round = 0;
  bool armed = false;
  int waiting = 0;  // Operations that have not ended.
};

Stream::Stream(tcp::socket socket) : state_(std::make_shared<State>(std::move(socket))) {
  if (is_open()) Prepare(state_->socket);
}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

void Stream::ExpiresAfter(absl::Duration limit) {
  state_->SetDeadline(SteadyClock::now() + ToSteady(limit));
}

void Stream::ExpiresNever() { state_->SetDeadline(SteadyClock::time_point::max()); }

Awaitable<IoResult> Stream::ReadSome(char* data, size_t size) {
  if (state_->Expired()) return State::TimedOut();
  return State::Await(state_,
                      [buffer = asio::mutable_buffer(data, size)](State& state, auto handler) {
                        if (state.tls != nullptr) {
                          state.tls->async_read_some(buffer, std::move(handler));
                        } else {
                          state.socket.async_read_some(buffer, std::move(handler));
                        }
                      });
}

size_t Stream::WriteNow(std::string_view first, std::string_view second) {
  if (state_->tls != nullptr) return 0;
  const asio::const_buffer one(first.data(), first.size());
  error_code ignored;
  if (second.empty()) return state_->socket.write_some(one, ignored);
  const std::array both = {one, asio::const_buffer(second.data(), second.size())};
  return state_->socket.write_some(both, ignored);
}

Awaitable<IoResult> Stream::Write(std::string_view first, std::string_view second) {
  const std::shared_ptr<State> state = state_;
  IoResult result;
  if (state->Expired()) {
    result.error = asio::error::timed_out;
    co_return result;
  }
  const size_t now = WriteNow(first, second);
  result.bytes = now;
  if (now == first.size() + second.size()) co_return result;
  std::array<asio::const_buffer, 2> buffers = {asio::const_buffer(first.data(), first.size()),
                                               asio::const_buffer(second.data(), second.size())};
  buffers[1] += now - std::min(now, first.size());
  buffers[0] += now;
  const auto start = [buffers](State& stream, auto handler) {
    if (stream.tls != nullptr) {
      asio::async_write(*stream.tls, buffers, std::move(handler));
    } else {
      asio::async_write(stream.socket, buffers, std::move(handler));
    }
  };
  const IoResult rest = co_await State::Await(state, start);
  result.error = rest.error;
  result.bytes += rest.bytes;
  co_return result;
}

Awaitable<error_code> Stream::ConnectTcp(tcp::endpoint endpoint) {
  const std::shared_ptr<State> state = state_;
  const State::Operation operation(*state);
  error_code error;
  co_await state->socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  operation.NameTimeout(error);
  if (!error) Prepare(state->socket);
  co_return error;
}

Awaitable<error_code> Stream::TlsAccept(std::shared_ptr<TlsContext> context) {
  const std::shared_ptr<State> state = state_;
  TRAMA_CHECK(state->tls == nullptr);
  state->tls_context = std::move(context);
  state->tls =
      std::make_unique<asio::ssl::stream<tcp::socket&>>(state->socket, *state->tls_context);
  const State::Operation operation(*state);
  error_code error;
  co_await state->tls->async_handshake(asio::ssl::stream_base::server,
                                       asio::redirect_error(asio::use_awaitable, error));
  operation.NameTimeout(error);
  co_return error;
}

Awaitable<error_code> Stream::TlsConnect(std::shared_ptr<TlsContext> context, std::string host) {
  const std::shared_ptr<State> state = state_;
  TRAMA_CHECK(state->tls == nullptr);
  state->tls_context = std::move(context);
  state->tls =
      std::make_unique<asio::ssl::stream<tcp::socket&>>(state->socket, *state->tls_context);
  error_code error;
  state->tls->set_verify_mode(asio::ssl::verify_peer, error);
  if (error) co_return error;
  state->tls->set_verify_callback(asio::ssl::host_name_verification(host), error);
  if (error) co_return error;
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  // Server name indication knows only names (RFC 6066).
  if (not_an_address && SSL_set_tlsext_host_name(state->tls->native_handle(), host.c_str()) != 1) {
    co_return error_code(asio::error::invalid_argument);
  }
  const State::Operation operation(*state);
  co_await state->tls->async_handshake(asio::ssl::stream_base::client,
                                       asio::redirect_error(asio::use_awaitable, error));
  operation.NameTimeout(error);
  co_return error;
}

Awaitable<void> Stream::CloseGently(absl::Duration wait) {
  const std::shared_ptr<State> state = state_;
  ExpiresAfter(wait);
  error_code error;
  if (state->tls != nullptr) {
    const State::Operation operation(*state);
    co_await state->tls->async_shutdown(asio::redirect_error(asio::use_awaitable, error));
  }
  error_code failed;
  state->socket.shutdown(tcp::socket::shutdown_send, failed);
  std::array<char, 4096> discarded;
  size_t total = 0;
  while (!failed && !state->Expired() && total < kDiscardBytesMax) {
    const State::Operation operation(*state);
    total += co_await state->socket.async_read_some(
        asio::buffer(discarded), asio::redirect_error(asio::use_awaitable, failed));
  }
  Close();
}

void Stream::Close() {
  error_code ignored;
  state_->socket.close(ignored);
}

bool Stream::is_open() const { return state_->socket.is_open(); }

bool Stream::is_tls() const { return state_->tls != nullptr; }

bool Stream::IsQuiet() {
  if (!is_open()) return false;
  if (is_tls() && SSL_pending(state_->tls->native_handle()) > 0) return false;
  char byte = 0;
  const ssize_t got = ::recv(state_->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

asio::any_io_executor Stream::executor() { return state_->socket.get_executor(); }

tcp::endpoint Stream::remote() const {
  error_code ignored;
  return state_->socket.remote_endpoint(ignored);
}

}  // namespace trama::platform
