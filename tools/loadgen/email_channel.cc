#include "tools/loadgen/email_channel.h"

#include <atomic>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/strand.hpp"
#include "services/platform/net/connect.h"
#include "tools/loadgen/smtp_lines.h"
#include "tools/loadgen/smtp_sink.h"

namespace trama::loadgen {
namespace {

using platform::Awaitable;

constexpr absl::Duration kConnectMax = absl::Seconds(5);
constexpr absl::Duration kDialogueMax = absl::Seconds(30);

struct Door {
  std::string host;
  uint16_t port = 0;
};

class EmailChannel final : public Channel {
 public:
  EmailChannel(std::string address, std::vector<Door> doors, boost::asio::io_context& io,
               std::unique_ptr<SmtpSink> sink)
      : address_(std::move(address)), doors_(std::move(doors)), io_(io), sink_(std::move(sink)) {}

  types::v1::Identifier Customer(int64_t number) const override {
    types::v1::Identifier identifier;
    identifier.set_kind(types::v1::IDENTIFIER_KIND_EMAIL);
    identifier.set_value(absl::StrCat("customer-", number, "@customer.test"));
    return identifier;
  }

  std::string VendorId(const std::string& run, int64_t number) const override {
    return absl::StrCat("<", run, ".", number, "@customer.test>");
  }

  void Send(CustomerMessage message, std::function<void(Attempt)> done) override {
    const Door& door = doors_[turn_++ % doors_.size()];
    boost::asio::co_spawn(boost::asio::make_strand(io_),
                          Deliver(door, std::move(message), std::move(done)),
                          boost::asio::detached);
  }

 private:
  Awaitable<void> Deliver(Door door, CustomerMessage message, std::function<void(Attempt)> done) {
    platform::ConnectTarget target;
    target.host = door.host;
    target.port = door.port;
    absl::StatusOr<platform::Stream> stream =
        co_await platform::Connect(std::move(target), kConnectMax);
    Attempt attempt;
    if (!stream.ok()) {
      attempt.answer = absl::StrCat("not sent: ", stream.status().message());
      done(std::move(attempt));
      co_return;
    }
    SmtpLines lines(*std::move(stream));
    lines.stream().ExpiresAfter(kDialogueMax);
    const bool has_begun = co_await Begin(lines, message.customer, &attempt);
    if (has_begun) co_await Finish(lines, message, &attempt);
    done(std::move(attempt));
  }

  // Up to the 354.
  Awaitable<bool> Begin(SmtpLines& lines, int64_t customer, Attempt* attempt) {
    const std::string commands[] = {
        "", "EHLO customer.test\r\n",
        absl::StrCat("MAIL FROM:<", Customer(customer).value(), ">\r\n"),
        absl::StrCat("RCPT TO:<", address_, ">\r\n"), "DATA\r\n"};
    int code = 0;
    for (const std::string& command : commands) {
      bool written = command.empty();
      if (!written) written = co_await lines.Write(command);
      code = 0;
      if (written) code = co_await lines.ReadReply();
      if (code / 100 != 2) break;
    }
    attempt->answer = absl::StrCat(code);
    co_return code == 354;
  }

  Awaitable<void> Finish(SmtpLines& lines, const CustomerMessage& message, Attempt* attempt) {
    const std::string date =
        absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", absl::Now(), absl::UTCTimeZone());
    const std::string mail = absl::StrCat(
        "From: ", Customer(message.customer).value(), "\r\nTo: ", address_,
        "\r\nSubject: A question\r\nDate: ", date, "\r\nMessage-ID: ", message.vendor_id,
        "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", message.text,
        "\r\n.\r\n");
    const bool is_written = co_await lines.Write(mail);
    if (is_written) attempt->last_byte = absl::Now();
    int code = 0;
    if (is_written) code = co_await lines.ReadReply();
    attempt->answer = absl::StrCat(code);
    attempt->kind = code == 250 ? Attempt::Kind::kAccepted
                    : code == 0 ? Attempt::Kind::kBroken
                                : Attempt::Kind::kRefused;
    if (code != 0) co_await lines.Write("QUIT\r\n");
  }

  const std::string address_;
  const std::vector<Door> doors_;
  boost::asio::io_context& io_;
  const std::unique_ptr<SmtpSink> sink_;
  std::atomic<size_t> turn_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Channel>> MakeEmailChannel(const World&, const ChannelWorld& facts,
                                                          boost::asio::io_context& io,
                                                          const VendorSide& vendor) {
  std::vector<Door> doors;
  for (const std::string& address : facts.doors) {
    const size_t colon = address.rfind(':');
    uint32_t port = 0;
    if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the door of e-mail must be host:port, not \"", address, "\""));
    }
    doors.push_back({address.substr(0, colon), static_cast<uint16_t>(port)});
  }
  auto sink = SmtpSink::Start(facts.Fact("sink"), io, vendor.on_arrival);
  if (!sink.ok()) return sink.status();
  return std::make_unique<EmailChannel>(facts.Fact("address"), std::move(doors), io,
                                        *std::move(sink));
}

}  // namespace trama::loadgen
