#include "services/channels/email/inbound.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/email/message_token.h"
#include "services/kernel/ids.h"

namespace trama::email {
namespace {

using interaction::v1::ThreadEvidence;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Inbox Help() {
  return {.workspace = "demo",
          .account = "help",
          .address = "help@demo.test",
          .token_secret = "0123456789abcdef",
          .trusted_authserv_id = "mx.demo.test",
          .own_addresses = {"help@demo.test"}};
}

OutgoingIds Ids() { return {DerivedId("m", "1"), DerivedId("c", "1"), 3}; }

std::string OurMessageId() {
  return absl::StrCat("<", MakeToken('m', Help().token_secret, "demo/help", Ids()), "@demo.test>");
}

Inbound Read(const std::string& raw, const std::string& envelope_sender = "ana@cust.test",
             const std::string& recipient = "help@demo.test") {
  const absl::StatusOr<Inbound> inbound = ReadInbound(ParseMail(raw), raw, envelope_sender,
                                                      recipient, Help(), absl::FromUnixSeconds(9));
  EXPECT_TRUE(inbound.ok()) << inbound.status();
  return *inbound;
}

std::string Mail(const std::string& headers, const std::string& body = "hello\r\n") {
  return absl::StrCat("From: Ana Souza <Ana@Cust.test>\r\nTo: help@demo.test\r\n", headers,
                      "Subject: hi\r\n\r\n", body);
}

TEST(Inbound, AttributesTheMailToItsAuthor) {
  const Inbound inbound = Read(Mail("Message-ID: <1@cust.test>\r\n"));
  ASSERT_TRUE(inbound.interaction);
  EXPECT_EQ(inbound.interaction->sender().identifier().value(), "ana@cust.test");
  EXPECT_EQ(inbound.interaction->sender().address(), "Ana@Cust.test");
  EXPECT_EQ(inbound.interaction->sender().display_name(), "Ana Souza");
  EXPECT_EQ(inbound.interaction->conversation_key(), "<1@cust.test>");
  EXPECT_FALSE(inbound.interaction->automatic());
}

TEST(Inbound, TheSameMailHasTheSameIdWhateverServersAddedOnTop) {
  const std::string mail = Mail("Message-ID: <1@cust.test>\r\n");
  EXPECT_EQ(Read(mail).interaction->interaction_id(),
            Read("Received: from x by y; 1 Jan 2026\r\n" + mail).interaction->interaction_id());
}

TEST(Inbound, AReusedMessageIdWithAnotherTextIsAnotherMail) {
  EXPECT_NE(Read(Mail("Message-ID: <1@cust.test>\r\n", "a")).interaction->interaction_id(),
            Read(Mail("Message-ID: <1@cust.test>\r\n", "b")).interaction->interaction_id());
}

TEST(Inbound, AnAnswerToOurMailNamesItsConversation) {
  const Inbound inbound = Read(
      Mail(absl::StrCat("Message-ID: <2@cust.test>\r\nIn-Reply-To: ", OurMessageId(), "\r\n")));
  const ThreadEvidence& first = inbound.interaction->thread_evidence(0);
  EXPECT_EQ(first.kind(), ThreadEvidence::KIND_SIGNED_TOKEN);
  EXPECT_EQ(first.value(), Ids().conversation_id);
}

TEST(Inbound, AForgedTokenIsOnlyAReference) {
  std::string forged = OurMessageId();
  forged[5] = forged[5] == 'a' ? 'b' : 'a';
  const Inbound inbound =
      Read(Mail(absl::StrCat("Message-ID: <2@cust.test>\r\nIn-Reply-To: ", forged, "\r\n")));
  ASSERT_EQ(inbound.interaction->thread_evidence_size(), 1);
  EXPECT_EQ(inbound.interaction->thread_evidence(0).kind(), ThreadEvidence::KIND_REFERENCE);
}

TEST(Inbound, ReferencesAreTriedFromTheNewestBack) {
  const Inbound inbound =
      Read(Mail("Message-ID: <4@c.test>\r\nReferences: <1@c.test>\r\n <2@c.test> <>\r\n"
                "In-Reply-To: <3@c.test>\r\n"));
  std::vector<std::string> values;
  for (const ThreadEvidence& one : inbound.interaction->thread_evidence()) {
    values.push_back(one.value());
  }
  EXPECT_THAT(values, ElementsAre("<3@c.test>", "<2@c.test>", "<1@c.test>"));
  EXPECT_EQ(inbound.interaction->conversation_key(), "<1@c.test>");
}

TEST(Inbound, WhatNoPersonWroteIsSaidToBeAutomatic) {
  const std::string id = "Message-ID: <5@c.test>\r\n";
  for (const auto& [headers, reason] :
       {std::pair<std::string, std::string>{"Auto-Submitted: auto-replied\r\n", "auto-submitted"},
        {"Precedence: bulk\r\n", "precedence"},
        {"List-Id: <news.x.test>\r\n", "mailing list"},
        {"X-Auto-Response-Suppress: DR, OOF\r\n", "x-auto-response-suppress"}}) {
    EXPECT_EQ(Read(Mail(id + headers)).interaction->automatic_reason(), reason);
  }
  EXPECT_EQ(Read(Mail(id), "").interaction->automatic_reason(), "null return path");
  EXPECT_FALSE(Read(Mail(id + "Auto-Submitted: no\r\n")).interaction->automatic());
}

TEST(Inbound, OnlyTheTrustedServersResultsCount) {
  const std::string results = "dmarc=pass header.from=cust.test; spf=fail smtp.mailfrom=x\r\n";
  const std::string id = "Message-ID: <6@c.test>\r\n";
  const Inbound trusted =
      Read(Mail(absl::StrCat(id, "Authentication-Results: mx.demo.test; ", results)));
  EXPECT_TRUE(trusted.interaction->sender().verified());
  EXPECT_EQ(trusted.interaction->authentication().at("spf"), "fail");
  const Inbound other =
      Read(Mail(absl::StrCat(id, "Authentication-Results: evil.test; ", results)));
  EXPECT_FALSE(other.interaction->sender().verified());
}

TEST(Inbound, TextsAndFilesAreParts) {
  const Inbound inbound = Read(
      "From: a@c.test\r\nMessage-ID: <7@c.test>\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
      "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\nOl=E1\r\n"
      "--b\r\nContent-Type: image/png; name=\"../../etc/x.png\"\r\n"
      "Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n"
      "--b--\r\n");
  ASSERT_EQ(inbound.interaction->parts_size(), 2);
  EXPECT_THAT(inbound.interaction->parts(0).text().body(), HasSubstr("Olá"));
  EXPECT_EQ(inbound.interaction->parts(1).media().file_name(), "x.png");
  ASSERT_THAT(inbound.files, SizeIs(1));
  EXPECT_EQ(inbound.files[0].first, 1);
  EXPECT_EQ(inbound.files[0].second, "\x89PNG");
}

std::string Report(const std::string& action, const std::string& status) {
  return absl::StrCat(
      "From: MAILER-DAEMON@mx.cust.test\r\nMessage-ID: <8@mx.cust.test>\r\n"
      "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; "
      "boundary=b\r\n\r\n--b\r\n\r\nIt failed.\r\n--b\r\nContent-Type: "
      "message/delivery-status\r\n\r\nReporting-MTA: dns; mx.cust.test\r\n\r\n"
      "Final-Recipient: rfc822; ana@cust.test\r\nAction: ",
      action, "\r\nStatus: ", status,
      "\r\nDiagnostic-Code: smtp; 550 no such user\r\n\r\n--b\r\n"
      "Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: ",
      OurMessageId(), "\r\nSubject: x\r\n\r\n--b--\r\n");
}

TEST(Inbound, ABounceFindsItsMessageByTheHeadersInIt) {
  const Inbound inbound = Read(Report("failed", "5.1.1"), "");
  EXPECT_FALSE(inbound.interaction);
  ASSERT_THAT(inbound.bounces, SizeIs(1));
  const Bounce& bounce = inbound.bounces[0];
  EXPECT_EQ(bounce.partition, 3);
  EXPECT_EQ(bounce.delivery.message_id(), Ids().message_id);
  EXPECT_EQ(bounce.delivery.conversation_id(), Ids().conversation_id);
  EXPECT_EQ(bounce.delivery.status(), delivery::v1::STATUS_FAILED);
  EXPECT_EQ(bounce.delivery.failure().reason(), delivery::v1::Failure::REASON_INVALID_RECIPIENT);
  EXPECT_EQ(bounce.delivery.failure().vendor_code(), "5.1.1");
}

TEST(Inbound, ABounceWithoutOurHeadersIsFoundByItsReturnPath) {
  const std::string recipient =
      absl::StrCat(MakeToken('b', Help().token_secret, "demo/help", Ids()), "@demo.test");
  std::string report = Report("failed", "5.2.2");
  report.erase(report.find("Message-ID: <m"), 5);
  EXPECT_THAT(Read(report, "", recipient).bounces, SizeIs(1));
}

TEST(Inbound, ADelayEndsNothing) {
  const Inbound inbound = Read(Report("delayed", "4.4.1"), "");
  EXPECT_THAT(inbound.bounces, IsEmpty());
  EXPECT_FALSE(inbound.interaction);
}

TEST(Inbound, AMailWithoutAnySenderIsRefused) {
  const std::string raw = "Subject: x\r\n\r\nhello\r\n";
  EXPECT_FALSE(
      ReadInbound(ParseMail(raw), raw, "", "help@demo.test", Help(), absl::UnixEpoch()).ok());
}

TEST(MailParser, BytesThatAreNoMailAreKeptWhole) {
  const std::string raw("\0\xff\xfe garbage", 12);
  const ParsedMail mail = ParseMail(raw);
  EXPECT_FALSE(mail.anomalies.empty());
  EXPECT_FALSE(mail.pieces.empty());
}

TEST(MailParser, AMissingMessageIdIsMadeUpFromTheBytes) {
  const ParsedMail mail = ParseMail("From: a@c.test\r\n\r\nx\r\n");
  EXPECT_THAT(mail.message_id, HasSubstr("@missing.local>"));
  EXPECT_EQ(mail.message_id, ParseMail("From: a@c.test\r\n\r\nx\r\n").message_id);
}

TEST(MailParser, OfRepeatedHeadersTheFirstCounts) {
  const ParsedMail mail =
      ParseMail("From: a@c.test\r\nFrom: b@c.test\r\nMessage-ID: <1@c>\r\n\r\n");
  EXPECT_EQ(mail.from.address, "a@c.test");
  EXPECT_THAT(mail.anomalies, Contains(HasSubstr("second from header ignored")));
}

TEST(MailParser, EmptyMessageIdsThreadNobody) {
  EXPECT_THAT(MessageIds("<> < > <a@b>"), ElementsAre("<a@b>"));
}

TEST(MailParser, PartsNestedWithoutEndAreBounded) {
  std::string raw = "From: a@c.test\r\nMIME-Version: 1.0\r\n";
  for (int i = 0; i < 300; ++i) {
    raw += absl::StrCat("Content-Type: multipart/mixed; boundary=b", i, "\r\n\r\n--b", i, "\r\n");
  }
  raw += "Content-Type: text/plain\r\n\r\ndeep\r\n";
  EXPECT_LE(ParseMail(raw).pieces.size(), kPartsMax);
}

TEST(Inbound, WithoutAReadableFromTheReturnPathCounts) {
  const Inbound inbound = Read("From: somebody\r\n\r\nhello\r\n");
  ASSERT_TRUE(inbound.interaction);
  EXPECT_EQ(inbound.interaction->sender().identifier().value(), "ana@cust.test");
  EXPECT_THAT(inbound.interaction->anomalies(), Contains(HasSubstr("return path counts")));
}

TEST(Inbound, ATextBeyondTheLimitIsKeptWholeAsAFile) {
  const std::string body(kTextBytesMax + 1000, 'x');
  const Inbound inbound = Read(Mail("", body));
  ASSERT_EQ(inbound.interaction->parts_size(), 2);
  EXPECT_EQ(inbound.interaction->parts(0).text().body().size(), kTextBytesMax);
  EXPECT_THAT(inbound.files, ElementsAre(std::pair(1, body)));
}

TEST(Inbound, ATypeThatCannotBeReadIsPlainText) {
  const Inbound inbound = Read(Mail("Content-Type: text\r\n"));
  ASSERT_EQ(inbound.interaction->parts_size(), 1);
  EXPECT_EQ(inbound.interaction->parts(0).text().body(), "hello\r\n");
}

TEST(Inbound, AReportThatNamesNobodyIsShown) {
  const Inbound inbound =
      Read(Mail("Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n",
                "--b\r\n\r\nit failed\r\n--b--\r\n"),
           "", absl::StrCat(MakeToken('b', Help().token_secret, "demo/help", Ids()), "@demo.test"));
  ASSERT_TRUE(inbound.interaction);
  EXPECT_TRUE(inbound.interaction->automatic());
}

}  // namespace
}  // namespace trama::email
