#include "services/channels/email/inbound.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/email/automatic.h"
#include "services/channels/email/message_token.h"
#include "services/kernel/ids.h"

namespace trama::email {
namespace {

using interaction::v1::ThreadEvidence;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
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

TEST(Inbound, LineEndsAndWhiteSpaceThatServersChangeAreNoOtherText) {
  const std::string id = "Message-ID: <1@cust.test>\r\n";
  const std::string mail = Mail(id, "a  b\r\n\r\nc \r\n");
  for (const char* body : {"a b\r\n\r\nc\r\n\r\n\r\n", "a \tb\n\nc", "a b \r\n\r\nc\r\n"}) {
    EXPECT_EQ(Read(mail).interaction->interaction_id(),
              Read(Mail(id, body)).interaction->interaction_id())
        << body;
  }
  EXPECT_NE(Read(mail).interaction->interaction_id(),
            Read(Mail(id, "a b\r\nc\r\n")).interaction->interaction_id());
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
        {"Precedence: auto_reply\r\n", "precedence"},
        {"List-Id: <news.x.test>\r\n", "mailing list"},
        {"List-Archive: <https://x.test>\r\n", "mailing list"},
        {"X-Loop: Help@demo.test\r\n", "our own mail"},
        {"Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n", "report"},
        {"X-Auto-Response-Suppress: DR, OOF\r\n", "x-auto-response-suppress"}}) {
    EXPECT_EQ(Read(Mail(id + headers)).interaction->automatic_reason(), reason);
  }
  EXPECT_EQ(Read(Mail(id), "").interaction->automatic_reason(), "null return path");
  EXPECT_FALSE(Read(Mail(id + "Auto-Submitted: no\r\n")).interaction->automatic());
}

// Two or three servers of one's own are usual.
TEST(Inbound, AMailThatPassesOurDomainAgainAndAgainIsInALoop) {
  std::string passed = "Message-ID: <5@c.test>\r\n";
  for (int i = 0; i < kOwnLoopsMax; ++i) {
    passed += absl::StrCat("Received: from mx", i, ".cust.test by mx", i,
                           ".demo.test (Postfix) with ESMTP\r\n\tid 1; 1 Jan 2026 00:00 +0000\r\n");
  }
  EXPECT_EQ(Read(Mail(passed)).interaction->automatic_reason(), "");
  EXPECT_EQ(Read(Mail(passed + "Received: from a by notdemo.test; x\r\n"))
                .interaction->automatic_reason(),
            "");
  EXPECT_EQ(
      Read(Mail(passed + "Received: from a BY DEMO.test; x\r\n")).interaction->automatic_reason(),
      "mail loop");
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

// RFC 8601 allows quoted strings and comments; both hold what a stranger has written.
TEST(Inbound, WhatAStrangerWritesIsNoResult) {
  for (const char* results :
       {"dmarc=fail header.from=evil.test; spf=pass smtp.mailfrom=\"; dmarc=pass \"@evil.test",
        "spf=pass (a comment; dmarc=pass) smtp.mailfrom=evil.test",
        "spf=pass (one (in; dmarc=pass) \\) another; dmarc=pass) smtp.mailfrom=evil.test",
        "dmarc=fail header.from=evil.test; dmarc=pass header.from=evil.test"}) {
    const Inbound inbound = Read(Mail(absl::StrCat(
        "Message-ID: <6@c.test>\r\nAuthentication-Results: mx.demo.test; ", results, "\r\n")));
    EXPECT_FALSE(inbound.interaction->sender().verified()) << results;
  }
}

TEST(Inbound, OneSignatureThatHoldsIsEnough) {
  const Inbound inbound =
      Read(Mail("Message-ID: <6@c.test>\r\nAuthentication-Results: mx.demo.test; dkim=fail "
                "header.d=list.test; dkim=pass header.d=cust.test; dkim=none\r\n"));
  EXPECT_EQ(inbound.interaction->authentication().at("dkim"), "pass");
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

TEST(MailParser, TextsAreReadInTheCharsetThatIsMeant) {
  for (const auto& [charset, bytes, text] :
       {std::tuple("iso-8859-1", "\x93quoted\x94 \x80", "\u201cquoted\u201d \u20ac"),
        {"ISO-8859-1", "\xe1", "\u00e1"},
        {"x-gbk", "\xc4\xe3\xba\xc3", "\u4f60\u597d"},
        {"cp-850", "\x82", "\u00e9"},
        {"unicode-1-1-utf-7", "+AOk-", "\u00e9"}}) {
    const ParsedMail mail = ParseMail(absl::StrCat(
        "From: a@c.test\r\nContent-Type: text/plain; charset=", charset, "\r\n\r\n", bytes));
    EXPECT_EQ(mail.pieces.at(0).text, text) << charset;
  }
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

}  // namespace
}  // namespace trama::email
