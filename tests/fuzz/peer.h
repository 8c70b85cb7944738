#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "boost/asio/co_spawn.hpp"
#include "boost/asio/io_context.hpp"
#include "services/kernel/check.h"
#include "services/platform/net/stream.h"

namespace trama::fuzz {

// The other end of a connection: says what it was given, in pieces, listens to everything, and
// hangs up. In a target that links it, platform::Connect leads to the newest peer instead of into
// the network. One at a time.
class Peer {
 public:
  Peer(std::string_view says, size_t piece_bytes);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Our end; once.
  platform::Stream TakeStream();

  // What `talk`, a coroutine over our end, comes to. It must come to an end once the peer has hung
  // up.
  template <typename T>
  T Run(platform::Awaitable<T> talk) {
    std::optional<T> result;
    boost::asio::co_spawn(io(), std::move(talk),
                          [&result](const std::exception_ptr& failed, T value) {
                            TRAMA_CHECK(failed == nullptr);
                            result.emplace(std::move(value));
                          });
    while (!result.has_value()) Step();
    Listen();
    return *std::move(result);
  }

  // Everything that was said to it.
  const std::string& heard() const { return heard_; }

 private:
  static boost::asio::io_context& io();

  // Lets our end go on as far as it can, then says the next piece.
  void Step();
  void Listen();

  std::string_view left_;
  const size_t piece_bytes_;
  int theirs_ = -1;
  std::optional<platform::Stream> ours_;
  bool has_hung_up_ = false;
  int steps_after_ = 0;  // After hanging up.
  std::string heard_;
};

}  // namespace trama::fuzz
