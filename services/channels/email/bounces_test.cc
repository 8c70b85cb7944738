#include "services/channels/email/bounces.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/email/message_token.h"
#include "services/kernel/ids.h"

namespace trama::email {
namespace {

using delivery::v1::Delivery;
using delivery::v1::Failure;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Inbox BounceInbox() {
  return {.workspace = "demo",
          .account = "help",
          .address = "help@demo.test",
          .token_secret = "0123456789abcdef",
          .trusted_authserv_id = "",
          .own_addresses = {"help@demo.test"}};
}

OutgoingIds SentIds() { return {DerivedId("m", "1"), DerivedId("c", "1"), 3}; }

std::string Token(char letter) {
  return MakeToken(letter, BounceInbox().token_secret, BounceInbox().scope(), SentIds());
}
std::string SentMessageId() { return absl::StrCat("<", Token('m'), "@demo.test>"); }
std::string OurReturnPath() { return absl::StrCat(Token('b'), "@demo.test"); }

Inbound ReadReport(const std::string& raw, const std::string& recipient = "help@demo.test",
                   const std::string& envelope_sender = "") {
  const absl::StatusOr<Inbound> inbound = ReadInbound(
      ParseMail(raw), raw, envelope_sender, recipient, BounceInbox(), absl::FromUnixSeconds(9));
  EXPECT_TRUE(inbound.ok()) << inbound.status();
  return *inbound;
}

// The one receipt that the mail has become; it must be about our mail.
Delivery TheOnly(const Inbound& inbound) {
  EXPECT_FALSE(inbound.interaction) << "a report is nobody's work";
  EXPECT_THAT(inbound.bounces, SizeIs(1));
  if (inbound.bounces.size() != 1) return {};
  EXPECT_EQ(inbound.bounces[0].partition, 3);
  EXPECT_EQ(inbound.bounces[0].delivery.message_id(), SentIds().message_id);
  EXPECT_EQ(inbound.bounces[0].delivery.conversation_id(), SentIds().conversation_id);
  return inbound.bounces[0].delivery;
}

struct Report {
  std::string action = "failed";
  std::string status = "5.1.1";
  std::string per_message;  // Fields.
  std::string returned;     // What part 3 holds.
  std::string type = "message/delivery-status";
  std::string returned_type = "text/rfc822-headers";
};

std::string Write(const Report& report) {
  return absl::StrCat(
      "From: MAILER-DAEMON@mx.cust.test\r\nMessage-ID: <8@mx.cust.test>\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
      "--b\r\n\r\nIt failed.\r\n--b\r\nContent-Type: ",
      report.type, "\r\n\r\nReporting-MTA: dns; mx.cust.test\r\n", report.per_message,
      "\r\nFinal-Recipient: rfc822; ana@cust.test\r\nAction: ", report.action,
      "\r\nStatus: ", report.status, "\r\nDiagnostic-Code: smtp; 550 no such user\r\n\r\n",
      "--b\r\nContent-Type: ", report.returned_type, "\r\n\r\n", report.returned,
      "Subject: x\r\n\r\n--b--\r\n");
}

std::string OurHeaders() { return absl::StrCat("Message-ID:\r\n ", SentMessageId(), "\r\n"); }

TEST(Bounces, AReportFindsItsMailByTheHeadersInIt) {
  const Delivery delivery = TheOnly(ReadReport(Write({.returned = OurHeaders()})));
  EXPECT_EQ(delivery.status(), delivery::v1::STATUS_FAILED);
  EXPECT_EQ(delivery.failure().reason(), Failure::REASON_INVALID_RECIPIENT);
  EXPECT_EQ(delivery.failure().vendor_code(), "5.1.1");
  EXPECT_FALSE(delivery.failure().retryable());
}

TEST(Bounces, AReportWithoutOurHeadersIsFoundByItsReturnPath) {
  TheOnly(ReadReport(Write({.status = "5.2.2"}), OurReturnPath()));
}

TEST(Bounces, AReportToAnotherAddressIsFoundByItsEnvelopeId) {
  TheOnly(ReadReport(
      Write({.per_message = absl::StrCat("Original-Envelope-Id: ", Token('m'), "\r\n")})));
}

// RFC 6533.
TEST(Bounces, InternationalisedReportsAreTheSame) {
  TheOnly(ReadReport(Write({.returned = OurHeaders(),
                            .type = "message/global-delivery-status",
                            .returned_type = "message/global-headers"})));
}

TEST(Bounces, NobodyCanReportOnAMailThatHeHasNotSeen) {
  std::string forged = SentMessageId();
  forged[5] = forged[5] == 'a' ? 'b' : 'a';
  const Inbound inbound =
      ReadReport(Write({.returned = absl::StrCat("Message-ID: ", forged, "\r\n")}));
  EXPECT_THAT(inbound.bounces, IsEmpty());
  ASSERT_TRUE(inbound.interaction);
  EXPECT_TRUE(inbound.interaction->automatic());
}

TEST(Bounces, AFailureThatMayPassIsSoft) {
  const Delivery delivery =
      TheOnly(ReadReport(Write({.status = "4.4.7", .returned = OurHeaders()})));
  EXPECT_EQ(delivery.failure().reason(), Failure::REASON_BOUNCED);
  EXPECT_TRUE(delivery.failure().retryable());
}

TEST(Bounces, DelaysRelaysAndExpansionsEndNothing) {
  for (const char* action : {"delayed", "relayed", "expanded"}) {
    const Inbound inbound = ReadReport(Write({.action = action, .returned = OurHeaders()}));
    EXPECT_THAT(inbound.bounces, IsEmpty()) << action;
    EXPECT_FALSE(inbound.interaction) << action;
  }
}

TEST(Bounces, ADeliveryIsAReceipt) {
  EXPECT_EQ(TheOnly(ReadReport(Write(
                        {.action = "delivered", .status = "2.0.0", .returned = OurHeaders()})))
                .status(),
            delivery::v1::STATUS_DELIVERED);
}

TEST(Bounces, AReportThatNamesNobodyIsShown) {
  const Inbound inbound = ReadReport(
      "From: a@c.test\r\n"
      "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
      "--b\r\n\r\nit failed\r\n--b--\r\n",
      OurReturnPath());
  ASSERT_TRUE(inbound.interaction);
  EXPECT_TRUE(inbound.interaction->automatic());
}

std::string ReadReceipt(const std::string& disposition) {
  return absl::StrCat(
      "From: ana@cust.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; "
      "report-type=disposition-notification; boundary=b\r\n\r\n--b\r\n\r\nRead.\r\n--b\r\n"
      "Content-Type: message/disposition-notification\r\n\r\nReporting-UA: x\r\n"
      "Final-Recipient: rfc822;ana@cust.test\r\nOriginal-Message-ID: ",
      SentMessageId(), "\r\nDisposition: manual-action/MDN-sent-manually; ", disposition,
      "\r\n\r\n--b--\r\n");
}

TEST(Bounces, AReadReceiptIsAReceipt) {
  EXPECT_EQ(TheOnly(ReadReport(ReadReceipt("displayed"))).status(), delivery::v1::STATUS_READ);
  EXPECT_EQ(TheOnly(ReadReport(ReadReceipt("Displayed/error"))).status(),
            delivery::v1::STATUS_READ);
  // Thrown away unread, perhaps: no news about our mail, and no work.
  EXPECT_TRUE(ReadReport(ReadReceipt("deleted")).interaction->automatic());
}

// What servers write that know no RFC 3464; OURS stands for our Message-ID.
constexpr char kQmail[] =
    "From: MAILER-DAEMON@mx.cust.test\r\nSubject: failure notice\r\n\r\n"
    "Hi. This is the qmail-send program at mx.cust.test.\r\nI'm afraid I wasn't able to deliver "
    "your message to the following addresses.\r\nThis is a permanent error; I've given up.\r\n\r\n"
    "<ana@cust.test>:\r\n192.0.2.5 does not like recipient.\r\nRemote host said: 550 5.1.1 no "
    "such user\r\n\r\n--- Below this line is a copy of the message.\r\n\r\n"
    "Message-ID: OURS\r\nSubject: x\r\n";
constexpr char kExim[] =
    "From: Mail Delivery System <Mailer-Daemon@mx.cust.test>\r\nAuto-Submitted: auto-replied\r\n"
    "X-Failed-Recipients: ana@cust.test\r\nSubject: Mail delivery failed: returning message to "
    "sender\r\n\r\nThis message was created automatically by mail delivery software.\r\n\r\n"
    "  ana@cust.test\r\n    SMTP error: 550 mailbox unavailable\r\n\r\n"
    "------ This is a copy of the message.\r\n\r\nMessage-Id: OURS\r\n";
constexpr char kExchange[] =
    "From: System Administrator <postmaster@cust.test>\r\nSubject: Undeliverable: Re: parcel\r\n"
    "\r\nYour message did not reach some or all of the intended recipients.\r\n\r\n"
    "      Subject: Re: parcel\r\n\r\nThe following recipient(s) could not be reached:\r\n"
    "      Ana on 1/1/2026 10:00 AM\r\n        The e-mail account does not exist. "
    "<mx.cust.test #5.1.1>\r\nMessage-ID: OURS\r\n";
constexpr char kEximDelay[] =
    "From: Mail Delivery System <Mailer-Daemon@mx.cust.test>\r\nX-Failed-Recipients: "
    "ana@cust.test\r\nSubject: Warning: message 1abc delayed 24 hours\r\n\r\nYour message has not "
    "yet been delivered.\r\nMessage-Id: OURS\r\n";

std::string WithOurId(const char* text) {
  return absl::StrReplaceAll(text, {{"OURS", SentMessageId()}});
}

TEST(Bounces, QmailEximAndExchangeAreUnderstood) {
  for (const auto& [text, status] :
       {std::pair(kQmail, "5.1.1"), {kExim, "5.0.0"}, {kExchange, "5.1.1"}}) {
    const Delivery delivery = TheOnly(ReadReport(WithOurId(text)));
    EXPECT_EQ(delivery.status(), delivery::v1::STATUS_FAILED) << text;
    EXPECT_EQ(delivery.failure().vendor_code(), status) << text;
    EXPECT_EQ(TheOnly(ReadReport(text, OurReturnPath())).failure().vendor_code(), status) << text;
    // About a mail that is none of ours.
    EXPECT_TRUE(ReadReport(text).interaction->automatic()) << text;
  }
}

TEST(Bounces, AWarningEndsNothing) {
  const Inbound inbound = ReadReport(WithOurId(kEximDelay));
  EXPECT_THAT(inbound.bounces, IsEmpty());
  EXPECT_FALSE(inbound.interaction);
}

// An absence notice comes to the return path, too, often from the null path (RFC 3834, 4).
TEST(Bounces, AnAbsenceNoticeIsNoBounce) {
  const Inbound inbound = ReadReport(
      "From: ana@cust.test\r\nSubject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\n"
      "I am away until 5.1.2027. In urgent cases: 192.0.2.5.\r\n",
      OurReturnPath());
  ASSERT_TRUE(inbound.interaction);
  EXPECT_TRUE(inbound.interaction->automatic());
}

TEST(Bounces, WhatAPersonQuotesOfABounceIsNoBounce) {
  const Inbound inbound = ReadReport(
      absl::StrCat("From: ana@cust.test\r\nSubject: failure notice\r\n\r\nHi. This is the ",
                   "third time! ", SentMessageId(), " 5.1.1\r\n"),
      "help@demo.test", "ana@cust.test");
  ASSERT_TRUE(inbound.interaction);
  EXPECT_FALSE(inbound.interaction->automatic());
}

}  // namespace
}  // namespace trama::email
