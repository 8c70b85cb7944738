#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "services/platform/net/awaitable.h"
#include "tools/loadgen/channel.h"

namespace trama::loadgen {

// The mail server of all customers: takes every mail and hands out its whole text.
class SmtpSink {
 public:
  static absl::StatusOr<std::unique_ptr<SmtpSink>> Start(const std::string& listen,
                                                         boost::asio::io_context& io,
                                                         OnArrival on_arrival);

 private:
  SmtpSink(boost::asio::io_context& io, OnArrival on_arrival)
      : io_(io), acceptor_(io), on_arrival_(std::move(on_arrival)) {}

  platform::Awaitable<void> Accept();
  platform::Awaitable<void> Converse(boost::asio::ip::tcp::socket socket);

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  const OnArrival on_arrival_;
};

}  // namespace trama::loadgen
