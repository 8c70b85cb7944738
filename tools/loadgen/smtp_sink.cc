#include "tools/loadgen/smtp_sink.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/strand.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "tools/loadgen/smtp_lines.h"

namespace trama::loadgen {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr absl::Duration kIdleMax = absl::Minutes(5);
constexpr size_t kMailBytesMax = 16 << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<SmtpSink>> SmtpSink::Start(const std::string& listen,
                                                          asio::io_context& io,
                                                          OnArrival on_arrival) {
  const size_t colon = listen.rfind(':');
  uint32_t port = 0;
  error_code error;
  const auto address = asio::ip::make_address(listen.substr(0, colon), error);
  if (colon == std::string::npos || error || !absl::SimpleAtoi(listen.substr(colon + 1), &port)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the sink of e-mail must listen on an address:port, not \"", listen, "\""));
  }
  std::unique_ptr<SmtpSink> sink(new SmtpSink(io, std::move(on_arrival)));
  const tcp::endpoint endpoint(address, static_cast<uint16_t>(port));
  sink->acceptor_.open(endpoint.protocol());
  sink->acceptor_.set_option(tcp::acceptor::reuse_address(true));
  sink->acceptor_.bind(endpoint, error);
  if (!error) sink->acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", listen, ": ", error.message()));
  }
  asio::co_spawn(io, sink->Accept(), asio::detached);
  return sink;
}

platform::Awaitable<void> SmtpSink::Accept() {
  while (true) {
    tcp::socket socket(asio::make_strand(io_));
    error_code error;
    co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    const asio::any_io_executor executor = socket.get_executor();
    asio::co_spawn(executor, Converse(std::move(socket)), asio::detached);
  }
}

platform::Awaitable<void> SmtpSink::Converse(tcp::socket socket) {
  SmtpLines lines{platform::Stream(std::move(socket))};
  lines.stream().ExpiresAfter(kIdleMax);
  std::string line, mail;
  bool in_mail = false;
  bool goes_on = co_await lines.Write("220 customer.test ESMTP\r\n");
  while (goes_on) {
    goes_on = co_await lines.Read(&line);
    if (!goes_on) break;
    if (in_mail && line != ".") {
      // A soft line break (quoted-printable) may stand in the middle of a token.
      const bool is_broken = absl::EndsWith(line, "=");
      if (is_broken) line.pop_back();
      absl::StrAppend(&mail, line, is_broken ? "" : "\n");
      goes_on = mail.size() < kMailBytesMax;
    } else if (in_mail) {
      in_mail = false;
      // Counted before it is acknowledged, so that what the sender knows is counted already.
      on_arrival_(mail);
      mail.clear();
      goes_on = co_await lines.Write("250 2.0.0 taken\r\n");
    } else if (absl::StartsWithIgnoreCase(line, "DATA")) {
      in_mail = true;
      goes_on = co_await lines.Write("354 go on\r\n");
    } else if (absl::StartsWithIgnoreCase(line, "QUIT")) {
      co_await lines.Write("221 2.0.0 bye\r\n");
      break;
    } else {
      goes_on = co_await lines.Write("250 2.0.0 ok\r\n");
    }
  }
}

}  // namespace trama::loadgen
