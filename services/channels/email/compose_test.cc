#include "services/channels/email/compose.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/email/dkim.h"

namespace trama::email {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

outbound::v1::OutboundMessage Message() {
  outbound::v1::OutboundMessage message;
  message.set_message_id("0f0e0d0c-0000-8000-8000-000000000001");
  message.set_recipient_address("Ana.Souza@cust.test");
  message.set_recipient_display_name("Ana Souzà");
  message.set_subject("Re: fatura nº 7 ✓");
  message.add_parts()->mutable_text()->set_body("Olá!\nA < B & C");
  message.mutable_created_at()->set_seconds(1767603600);
  message.set_in_reply_to("<last@cust.test>");
  message.add_references("<first@cust.test>");
  return message;
}

Letter LetterOf(const outbound::v1::OutboundMessage& message) {
  return {message, "help@demo.test", "Demo Help", "<m1@demo.test>", {}};
}

TEST(Compose, WritesHeadersThatKeepTheThread) {
  const auto mail = Compose(LetterOf(Message()));
  ASSERT_TRUE(mail.ok()) << mail.status();
  EXPECT_THAT(*mail, HasSubstr("From: Demo Help <help@demo.test>\r\n"));
  EXPECT_THAT(*mail, HasSubstr("<Ana.Souza@cust.test>\r\n"));
  EXPECT_THAT(*mail, HasSubstr("Message-ID: <m1@demo.test>\r\n"));
  EXPECT_THAT(*mail, HasSubstr("In-Reply-To: <last@cust.test>\r\n"));
  EXPECT_THAT(*mail, HasSubstr("References: <first@cust.test> <last@cust.test>\r\n"));
  EXPECT_THAT(*mail, HasSubstr("Date: Mon, 05 Jan 2026 09:00:00 +0000\r\n"));
  EXPECT_THAT(*mail, HasSubstr("Subject: Re: fatura =?UTF-8?"));
}

TEST(Compose, SendsTextAndHtmlAsAlternatives) {
  const auto mail = Compose(LetterOf(Message()));
  ASSERT_TRUE(mail.ok());
  EXPECT_THAT(*mail, HasSubstr("multipart/alternative"));
  EXPECT_THAT(*mail, HasSubstr("text/plain; charset=utf-8"));
  EXPECT_THAT(*mail, HasSubstr("A &lt; B &amp; C"));
}

TEST(Compose, GivesTheSameBytesEveryTime) {
  EXPECT_EQ(*Compose(LetterOf(Message())), *Compose(LetterOf(Message())));
}

TEST(Compose, EveryLineEndsWithCrLf) {
  const std::string mail = *Compose(LetterOf(Message()));
  for (size_t at = mail.find('\n'); at != std::string::npos; at = mail.find('\n', at + 1)) {
    ASSERT_EQ(mail[at - 1], '\r') << at;
  }
}

TEST(Compose, FilesStandBehindTheText) {
  auto message = Message();
  types::v1::Media& media = *message.add_parts()->mutable_media();
  media.set_content_type("application/pdf");
  media.set_file_name("fatura março.pdf");
  Letter letter = LetterOf(message);
  letter.attachments = {{"%PDF-1.4 bytes"}};
  const auto mail = Compose(letter);
  ASSERT_TRUE(mail.ok()) << mail.status();
  EXPECT_THAT(*mail, HasSubstr("multipart/mixed"));
  EXPECT_THAT(*mail, HasSubstr("Content-Disposition: attachment"));
  EXPECT_THAT(*mail, HasSubstr("Content-Transfer-Encoding: base64"));
  EXPECT_LT(mail->find("text/plain"), mail->find("application/pdf"));
}

TEST(Compose, ALineBreakInAHeaderIsRefused) {
  auto message = Message();
  message.set_subject("hello\r\nBcc: everybody@x.test");
  EXPECT_EQ(Compose(LetterOf(message)).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Compose, ATypeOrIdOfAFileAddsNoHeader) {
  auto message = Message();
  types::v1::Media& media = *message.add_parts()->mutable_media();
  media.set_content_type("image/png\r\nX-Evil: 1");
  media.set_content_id("a\r\nX-Evil: 2");
  Letter letter = LetterOf(message);
  letter.attachments = {{"bytes"}};
  const auto mail = Compose(letter);
  ASSERT_TRUE(mail.ok()) << mail.status();
  EXPECT_THAT(*mail, Not(HasSubstr("X-Evil")));
  EXPECT_THAT(*mail, HasSubstr("application/octet-stream"));
}

TEST(Compose, WhatIsMoreThanAnAddressIsRefused) {
  auto message = Message();
  message.set_recipient_address("ana@cust.test> NOTIFY=NEVER");
  EXPECT_EQ(Compose(LetterOf(message)).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Compose, AnEmptyMessageIsRefused) {
  auto message = Message();
  message.clear_parts();
  EXPECT_EQ(Compose(LetterOf(message)).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Compose, OnlyAutomaticMessagesSaySo) {
  auto message = Message();
  EXPECT_THAT(*Compose(LetterOf(message)), Not(HasSubstr("Auto-Submitted")));
  message.set_automatic(true);
  EXPECT_THAT(*Compose(LetterOf(message)), HasSubstr("Auto-Submitted: auto-replied\r\n"));
}

TEST(References, ALongThreadKeepsItsFirstAndItsNewest) {
  auto message = Message();
  message.clear_references();
  for (int i = 0; i < 50; ++i) message.add_references(absl::StrCat("<", i, "@cust.test>"));
  const std::vector<std::string> references = ReferencesOf(message);
  EXPECT_THAT(references, SizeIs(kReferencesMax));
  EXPECT_EQ(references.front(), "<0@cust.test>");
  EXPECT_EQ(references.back(), "<last@cust.test>");
}

TEST(References, TheAnsweredMessageStandsOnceAndLast) {
  auto message = Message();
  message.add_references("<last@cust.test>");
  message.add_references("<other@cust.test>");
  EXPECT_THAT(ReferencesOf(message),
              ElementsAre("<first@cust.test>", "<other@cust.test>", "<last@cust.test>"));
}

// Examples of RFC 6376, 3.4.5.
TEST(Dkim, RelaxedFormsAreThoseOfTheRfc) {
  EXPECT_EQ(RelaxedHeader("A", " X"), "a:X");
  EXPECT_EQ(RelaxedHeader("B ", " Y\t\r\n\tZ  "), "b:Y Z");
  EXPECT_EQ(RelaxedBody(" C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
  EXPECT_EQ(RelaxedBody(""), "");
}

TEST(Dkim, AKeyThatIsNoneIsRefused) {
  EXPECT_EQ(DkimSigner::Create("demo.test", "s1", "no key").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trama::email
