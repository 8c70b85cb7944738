#include "services/channels/email/smtp_session.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::email {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

SmtpReply OnlyHelp(const std::string& address) {
  if (address == "help@demo.test" || address == "billing@demo.test") return {250, "2.1.5 ok"};
  return {550, "5.1.1 no such inbox"};
}

// One dialogue: Say() gives the replies to some lines; mails are taken with 250 unless told else.
class Dialogue {
 public:
  explicit Dialogue(SmtpSession::Options options = {.hostname = "mx.test"})
      : session_(std::move(options), OnlyHelp) {}

  std::string Say(std::string_view bytes) {
    std::string replies;
    Take(session_.Feed(bytes), replies);
    return replies;
  }
  // Up to the recipients.
  void Begin() {
    Say("EHLO client.test\r\nMAIL FROM:<ana@cust.test>\r\nRCPT TO:<help@demo.test>\r\n");
  }
  void AnswerWith(std::vector<SmtpReply> replies) { answers_ = std::move(replies); }

  const std::vector<Envelope>& mails() const { return mails_; }
  bool closed() const { return closed_; }
  bool tls() const { return tls_; }
  SmtpSession& session() { return session_; }

 private:
  void Take(const SmtpSession::Output& output, std::string& replies) {
    replies += output.replies;
    closed_ = closed_ || output.close;
    tls_ = tls_ || output.start_tls;
    if (!output.mail) return;
    mails_.push_back(*output.mail);
    std::vector<SmtpReply> answers = answers_;
    if (answers.empty()) answers.assign(output.mail->recipients.size(), {250, "2.0.0 taken"});
    Take(session_.Answer(answers), replies);
  }

  SmtpSession session_;
  std::vector<Envelope> mails_;
  std::vector<SmtpReply> answers_;
  bool closed_ = false;
  bool tls_ = false;
};

TEST(SmtpSession, TakesAMail) {
  Dialogue dialogue;
  dialogue.Begin();
  EXPECT_THAT(dialogue.Say("DATA\r\n"), StartsWith("354 "));
  EXPECT_EQ(dialogue.Say("Subject: hi\r\n\r\nhello\r\n.\r\n"), "250 2.0.0 taken\r\n");
  ASSERT_EQ(dialogue.mails().size(), 1u);
  EXPECT_EQ(dialogue.mails()[0].sender, "ana@cust.test");
  EXPECT_THAT(dialogue.mails()[0].recipients, ElementsAre("help@demo.test"));
  EXPECT_EQ(dialogue.mails()[0].message, "Subject: hi\r\n\r\nhello\r\n");
}

TEST(SmtpSession, ByteByByteIsTheSame) {
  Dialogue dialogue;
  const std::string all =
      "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<help@demo.test>\r\nDATA\r\n..dot\r\nx\r\n.\r\nQUIT\r\n";
  for (const char byte : all) dialogue.Say(std::string_view(&byte, 1));
  ASSERT_EQ(dialogue.mails().size(), 1u);
  EXPECT_EQ(dialogue.mails()[0].message, ".dot\r\nx\r\n");
  EXPECT_TRUE(dialogue.closed());
}

TEST(SmtpSession, PipelinedMailsAreTakenInOrder) {
  Dialogue dialogue;
  const std::string one = "MAIL FROM:<a@x.test>\r\nRCPT TO:<help@demo.test>\r\nDATA\r\n1\r\n.\r\n";
  dialogue.Say(absl::StrCat("EHLO c\r\n", one, one, "QUIT\r\n"));
  EXPECT_EQ(dialogue.mails().size(), 2u);
  EXPECT_TRUE(dialogue.closed());
}

// SMTP smuggling: another server may take these for the end of a mail, we must not.
TEST(SmtpSession, OnlyCrLfDotCrLfEndsAMail) {
  for (const std::string end : {"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r"}) {
    Dialogue dialogue;
    dialogue.Begin();
    dialogue.Say("DATA\r\n");
    dialogue.Say(absl::StrCat("a", end, "MAIL FROM:<evil@x.test>\r\nRCPT TO:<help@demo.test>\r\n"));
    EXPECT_TRUE(dialogue.mails().empty()) << end;
    dialogue.Say("\r\n.\r\n");
    ASSERT_EQ(dialogue.mails().size(), 1u);
    EXPECT_THAT(dialogue.mails()[0].message, HasSubstr("evil")) << "the text stays in the mail";
  }
}

TEST(SmtpSession, ACommandWithABareLineFeedIsRefused) {
  Dialogue dialogue;
  EXPECT_THAT(dialogue.Say("EHLO c\n"), StartsWith("500 5.5.2"));
}

TEST(SmtpSession, AnUnknownInboxIsRefusedAndTheOthersStay) {
  Dialogue dialogue;
  dialogue.Begin();
  EXPECT_EQ(dialogue.Say("RCPT TO:<nobody@demo.test>\r\n"), "550 5.1.1 no such inbox\r\n");
  dialogue.Say("DATA\r\nx\r\n.\r\n");
  EXPECT_THAT(dialogue.mails().at(0).recipients, ElementsAre("help@demo.test"));
}

TEST(SmtpSession, CommandsOutOfOrderAreNamed) {
  Dialogue dialogue;
  EXPECT_THAT(dialogue.Say("MAIL FROM:<a@x.test>\r\n"), StartsWith("503 "));
  EXPECT_THAT(dialogue.Say("EHLO c\r\nRCPT TO:<help@demo.test>\r\n"), HasSubstr("503 "));
  EXPECT_THAT(dialogue.Say("DATA\r\n"), StartsWith("503 "));
  EXPECT_THAT(dialogue.Say("HELLO\r\n"), StartsWith("500 "));
  EXPECT_THAT(dialogue.Say("MAIL TO:<a@x.test>\r\n"), StartsWith("501 "));
}

TEST(SmtpSession, AMailThatIsTooLargeIsRefusedByItsSizeOrByItsEnd) {
  Dialogue dialogue({.hostname = "mx.test", .message_bytes_max = 100});
  EXPECT_THAT(dialogue.Say("EHLO c\r\nMAIL FROM:<a@x.test> SIZE=101\r\n"), HasSubstr("552 5.3.4"));
  dialogue.Say("MAIL FROM:<a@x.test>\r\nRCPT TO:<help@demo.test>\r\nDATA\r\n");
  for (int i = 0; i < 50; ++i) dialogue.Say("twelve bytes\r\n");
  EXPECT_THAT(dialogue.Say(".\r\n"), StartsWith("552 5.3.4"));
  EXPECT_TRUE(dialogue.mails().empty());
  EXPECT_THAT(dialogue.Say("NOOP\r\n"), StartsWith("250 "));
}

TEST(SmtpSession, LmtpSaysOneReplyForEachRecipient) {
  Dialogue dialogue({.mode = SmtpSession::Mode::kLmtp, .hostname = "mx.test"});
  EXPECT_THAT(dialogue.Say("EHLO c\r\n"), StartsWith("500 "));
  dialogue.Say(
      "LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<help@demo.test>\r\nRCPT TO:<billing@demo.test>\r\n");
  dialogue.AnswerWith({{250, "2.0.0 taken"}, {451, "4.3.0 come again"}});
  EXPECT_EQ(
      dialogue.Say("DATA\r\nx\r\n.\r\n"),
      "354 end with a dot on a line of its own\r\n250 2.0.0 taken\r\n451 4.3.0 come again\r\n");
}

TEST(SmtpSession, SmtpComesAgainForAllWhenOneMust) {
  Dialogue dialogue;
  dialogue.Begin();
  dialogue.Say("RCPT TO:<billing@demo.test>\r\n");
  dialogue.AnswerWith({{250, "2.0.0 taken"}, {451, "4.3.0 come again"}});
  EXPECT_THAT(dialogue.Say("DATA\r\nx\r\n.\r\n"), HasSubstr("451 4.3.0 come again\r\n"));
}

TEST(SmtpSession, NothingFromBeforeStartTlsIsBelievedAfterIt) {
  Dialogue dialogue({.hostname = "mx.test", .offer_starttls = true});
  EXPECT_THAT(dialogue.Say("EHLO c\r\n"), HasSubstr("250-STARTTLS"));
  EXPECT_EQ(dialogue.Say("STARTTLS\r\nMAIL FROM:<evil@x.test>\r\n"), "220 2.0.0 go ahead\r\n");
  EXPECT_TRUE(dialogue.tls());
  dialogue.session().TlsStarted();
  EXPECT_THAT(dialogue.Say("MAIL FROM:<a@x.test>\r\n"), StartsWith("503 "));
  EXPECT_THAT(dialogue.Say("EHLO c\r\n"), AllOf(HasSubstr("250 "), Not(HasSubstr("STARTTLS"))));
}

TEST(SmtpSession, TooManyErrorsEndTheDialogue) {
  Dialogue dialogue;
  for (int i = 0; i < SmtpSession::kErrorsMax; ++i) dialogue.Say("WHAT\r\n");
  EXPECT_TRUE(dialogue.closed());
}

TEST(SmtpSession, ALineWithoutEndIsCutOff) {
  Dialogue dialogue;
  dialogue.Say(std::string(SmtpSession::kLineBytesMax + 1, 'x'));
  EXPECT_TRUE(dialogue.closed());
}

// However the network cuts it.
TEST(SmtpSession, ALineThatIsTooLongIsCutOffWithItsEndToo) {
  const std::string longest = "NOOP " + std::string(SmtpSession::kLineBytesMax - 6, 'x');
  Dialogue fits;
  fits.Say("EHLO c\r\n");
  EXPECT_THAT(fits.Say(longest + "\r\n"), StartsWith("250 "));
  EXPECT_FALSE(fits.closed());

  Dialogue dialogue;
  dialogue.Say("EHLO c\r\n");
  EXPECT_EQ(dialogue.Say(longest + "x\r\nQUIT\r\n"), "500 5.5.6 line too long\r\n");
  EXPECT_TRUE(dialogue.closed());
}

TEST(SmtpSession, QuotedAndRoutedAddressesAreUnderstood) {
  Dialogue dialogue;
  dialogue.Say("EHLO c\r\n");
  EXPECT_THAT(dialogue.Say("MAIL FROM:<\"a>b\"@x.test>\r\n"), StartsWith("250 "));
  EXPECT_THAT(dialogue.Say("RCPT TO:<@relay.test:help@demo.test>\r\n"), StartsWith("250 "));
}

TEST(SmtpSession, RecipientsAreBounded) {
  Dialogue dialogue({.hostname = "mx.test", .recipients_max = 1});
  dialogue.Begin();
  EXPECT_THAT(dialogue.Say("RCPT TO:<billing@demo.test>\r\n"), StartsWith("452 4.5.3"));
}

TEST(SmtpSession, OneDotIsTakenFromEveryLineThatBeginsWithOne) {
  Dialogue dialogue;
  dialogue.Begin();
  dialogue.Say("DATA\r\n");
  dialogue.Say(".one\r\n..two\r\nx\n.three\r\n...\r\n.\r\n");
  ASSERT_EQ(dialogue.mails().size(), 1);
  EXPECT_EQ(dialogue.mails()[0].message, "one\r\n.two\r\nx\n.three\r\n..\r\n");
}

TEST(SmtpSession, IsInAMailFromDataToItsEnd) {
  Dialogue dialogue;
  dialogue.Begin();
  EXPECT_FALSE(dialogue.session().in_mail());
  dialogue.Say("DATA\r\nhalf");
  EXPECT_TRUE(dialogue.session().in_mail());
  dialogue.Say("\r\n.\r\n");
  EXPECT_FALSE(dialogue.session().in_mail());
}

TEST(SmtpSession, HoldsNoMemoryForAMailThatIsGone) {
  Dialogue dialogue;
  dialogue.Begin();
  dialogue.Say(absl::StrCat("DATA\r\n", std::string(1 << 20, 'x')));
  EXPECT_GE(dialogue.session().held_bytes(), 1u << 20);
  dialogue.Say("\r\n.\r\n");
  EXPECT_LT(dialogue.session().held_bytes(), 1u << 10);
}

}  // namespace
}  // namespace trama::email
