#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/ssl/stream.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/system/error_code.hpp"
#include "services/platform/net/awaitable.h"
#include "services/platform/net/tls.h"

namespace trama::platform {

struct IoResult {
  boost::system::error_code error;  // boost::asio::error::timed_out when the time was up.
  size_t bytes = 0;                 // Moved, also when an error came afterwards.
};

// One TCP connection, plain or TLS, for coroutines; can start TLS in the middle (STARTTLS).
//
// Threads: none of its own. Make the socket with a SerialExecutor and use the Stream only
// in coroutines spawned on it. At most one read and one write may wait at a time.
class Stream {
 public:
  explicit Stream(boost::asio::ip::tcp::socket socket);
  ~Stream();
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;

  // Operations that have not ended this much later end with timed_out; the connection stays open,
  // so that a last word can be said after setting a new limit. Holds until it is set again.
  void ExpiresAfter(absl::Duration limit);
  void ExpiresNever();

  // At least one byte, or an error (boost::asio::error::eof at the end).
  Awaitable<IoResult> ReadSome(char* data, size_t size);
  // All bytes of `first`, then of `second`; both must live until the end of the wait.
  Awaitable<IoResult> Write(std::string_view first, std::string_view second = {});
  // How many of them the connection takes at once: nearly always all, and then nobody has to wait.
  // An error is told by the Write of the rest. None of TLS, which may have to read first.
  size_t WriteNow(std::string_view first, std::string_view second = {});

  Awaitable<boost::system::error_code> ConnectTcp(boost::asio::ip::tcp::endpoint endpoint);
  Awaitable<boost::system::error_code> TlsAccept(std::shared_ptr<TlsContext> context);
  // Verifies that the certificate is for `host` (a DNS name or an IP address).
  Awaitable<boost::system::error_code> TlsConnect(std::shared_ptr<TlsContext> context,
                                                  std::string host);

  // Says goodbye and waits, at most `wait` and 256 KiB, for the peer to close: a close with unread
  // bytes would otherwise destroy the last answer on its way.
  Awaitable<void> CloseGently(absl::Duration wait);
  // At once; operations that wait end with an error.
  void Close();

  bool is_open() const;
  bool is_tls() const;
  // False when the peer has closed an idle connection or has sent bytes that nobody asked for.
  bool IsQuiet();
  boost::asio::any_io_executor executor();
  boost::asio::ip::tcp::endpoint remote() const;  // A default one when not connected.

 private:
  struct State;  // Shared with the timer, whose last callback may come after the Stream is gone.
  std::shared_ptr<State> state_;
};

}  // namespace trama::platform
