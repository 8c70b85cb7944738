#include "tests/fuzz/peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "boost/asio/ip/tcp.hpp"
#include "services/platform/net/connect.h"

namespace trama::fuzz {
namespace {

using boost::asio::ip::tcp;

// Answers that fill the connection's buffers need some, for each of which the peer makes room.
constexpr int kStepsAfterMax = 1000;

Peer* newest = nullptr;

}  // namespace

// One for all inputs: what opens and closes with it costs more than most inputs do.
boost::asio::io_context& Peer::io() {
  static boost::asio::io_context& io = *new boost::asio::io_context(1);
  return io;
}

Peer::Peer(std::string_view says, size_t piece_bytes)
    : left_(says), piece_bytes_(std::max<size_t>(piece_bytes, 1)) {
  TRAMA_CHECK(newest == nullptr);
  newest = this;
  std::array<int, 2> ends;
  TRAMA_CHECK(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  theirs_ = ends[0];
  // Asio looks at the kind of a socket, not at its family.
  tcp::socket socket(io());
  socket.assign(tcp::v4(), ends[1]);
  ours_.emplace(std::move(socket));
}

Peer::~Peer() {
  ::close(theirs_);
  newest = nullptr;
}

platform::Stream Peer::TakeStream() {
  platform::Stream stream = *std::move(ours_);
  ours_.reset();
  return stream;
}

void Peer::Step() {
  io().restart();
  io().poll();
  Listen();
  if (left_.empty()) {
    if (!has_hung_up_) ::shutdown(theirs_, SHUT_WR);
    has_hung_up_ = true;
    TRAMA_CHECK(++steps_after_ < kStepsAfterMax);
    return;
  }
  const ssize_t said = ::send(theirs_, left_.data(), std::min(piece_bytes_, left_.size()),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
  // Our end has closed, which is its right: the rest has nobody to hear it.
  left_.remove_prefix(said < 0 ? left_.size() : static_cast<size_t>(said));
}

void Peer::Listen() {
  std::array<char, 4096> bytes;
  ssize_t got = 0;
  while ((got = ::recv(theirs_, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0) {
    heard_.append(bytes.data(), static_cast<size_t>(got));
  }
}

}  // namespace trama::fuzz

namespace trama::platform {

Awaitable<absl::StatusOr<Stream>> Connect(ConnectTarget, absl::Duration) {
  TRAMA_CHECK(fuzz::newest != nullptr);
  co_return fuzz::newest->TakeStream();
}

}  // namespace trama::platform
