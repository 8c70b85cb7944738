#include "services/channels/email/smtp_client.h"

#include <future>
#include <string>

#include "boost/asio/co_spawn.hpp"
#include "boost/asio/use_future.hpp"
#include "gtest/gtest.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/net/serial_executor.h"
#include "services/platform/net/testing/scripted_peer.h"

namespace trama::email {
namespace {

using Kind = SmtpResult::Kind;

constexpr absl::Duration kLimit = absl::Seconds(40);

// What becomes of a mail whose server answers `verdict` to it, and gladly to all before.
SmtpResult SendTo(const std::string& verdict) {
  platform::ScriptedPeer server([&](platform::TestSocket& connection, int) {
    connection.Send("220 mx\r\n");
    for (const char* reply : {"250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"}) {
      connection.ReadUntil("\r\n");
      connection.Send(reply);
    }
    connection.ReadUntil("\r\n.\r\n");
    connection.Send(verdict);
  });
  platform::IoThreads io(1);
  const SmtpRoute route{.host = "127.0.0.1", .port = server.port(), .helo = "firm.test"};
  const SmtpMail mail{.sender = "help@firm.test",
                      .recipient = "ana@customer.test",
                      .message = "Subject: x\r\n\r\ny\r\n"};
  std::future<SmtpResult> result =
      boost::asio::co_spawn(platform::SerialExecutor(io.context()), SendMail(route, mail, kLimit),
                            boost::asio::use_future);
  SmtpResult sent = result.get();
  io.Stop();
  return sent;
}

TEST(SmtpClientTest, VerdictsAreUnderstood) {
  const SmtpResult taken = SendTo("250-2.0.0 Ok:\r\n250 2.0.0 queued as 4Q1\r\n");
  EXPECT_EQ(taken.kind, Kind::kAccepted);
  EXPECT_EQ(taken.code, 250);
  const SmtpResult refused = SendTo("550 5.1.1 <ana@customer.test>: user unknown\r\n");
  EXPECT_EQ(refused.kind, Kind::kPermanent);
  EXPECT_EQ(refused.status, "5.1.1");
  EXPECT_EQ(SendTo("451 4.3.0 later\r\n").kind, Kind::kTemporary);
  EXPECT_EQ(SendTo("").kind, Kind::kAmbiguous);
}

TEST(SmtpClientTest, AStatusHoldsNothingOfWhatTheServerSays) {
  EXPECT_EQ(SendTo("550 5.1.1<ana@customer.test>\r\n").status, "5.1.1");
  EXPECT_EQ(SendTo("550 5.7.1: \xff\r\n").status, "5.7.1");
  for (const char* none : {"550 x.ana@customer.test is unknown\r\n", "550 ana is.not.here\r\n",
                           "550 5.1\r\n", "550 51.1.1 x\r\n", "550\r\n"}) {
    const SmtpResult refused = SendTo(none);
    EXPECT_EQ(refused.kind, Kind::kPermanent) << none;
    EXPECT_EQ(refused.status, "") << none;
  }
}

TEST(SmtpClientTest, WhatIsNoReplyLeavesTheOutcomeOpen) {
  for (const char* nonsense : {"+25 ok\r\n", "-12 ok\r\n", " 25 ok\r\n", "999 ok\r\n", "ok\r\n"}) {
    const SmtpResult open = SendTo(nonsense);
    EXPECT_EQ(open.kind, Kind::kAmbiguous) << nonsense;
    EXPECT_EQ(open.code, 0) << nonsense;
  }
}

}  // namespace
}  // namespace trama::email
