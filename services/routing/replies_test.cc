#include "services/routing/replies.h"

#include "services/routing/testing/routing_test.h"

namespace trama::routing::testing {
namespace {

using conversation::v1::ConversationEvent;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RepliesTest : public RoutingTest {
 protected:
  void Consent(const std::string& id, interaction::v1::Consent::Action action,
               const std::string& purpose = "email") {
    v1::Work work =
        World::WorkOf(id, {.thread = "t", .kind = interaction::v1::KIND_CONSENT}, world.now());
    work.mutable_interaction()->mutable_consent()->set_action(action);
    work.mutable_interaction()->mutable_consent()->set_purpose(purpose);
    LogEntry entry;
    entry.message = std::make_shared<const v1::Work>(std::move(work));
    world.Apply(std::move(entry));
  }

  // What profile says of anybody.
  static void Known(const v1::ProfileQuestion& question, v1::ProfileAnswer& answer) {
    answer.set_known(true);
    answer.set_customer_id("customer:ana@x.test");
    answer.mutable_identifier()->set_value(question.identifier_key().substr(4));
    answer.set_address("to " + answer.identifier().value());
    answer.set_subject("Invoice");
  }
};

TEST_F(RepliesTest, AReplyGoesToTheCustomersChannel) {
  AnaHasM1({.subject = "Invoice", .channel = "email", .account = "help"});
  world.Pass(absl::Seconds(90));

  const auto outcome = world.Reply("ana", "m1", "it is paid");
  EXPECT_THAT(outcome.words, ElementsAre("m1 reply by ana"));

  EXPECT_EQ(world.records().back().topic, "trama.outbound.email.v1");
  const outbound::v1::OutboundMessage message = world.Outbound().front();
  EXPECT_EQ(message.message_id(), outcome.As<v1::ReplyResponse>().message_id());
  EXPECT_EQ(message.recipient().value(), "ana@x.test");
  EXPECT_EQ(message.recipient_address(), "to ana@x.test");
  EXPECT_EQ(message.recipient_display_name(), "Ms ana@x.test");
  EXPECT_EQ(message.subject(), "Re: Invoice");
  EXPECT_EQ(message.in_reply_to(), "<m1>");
  EXPECT_EQ(message.parts(0).text().body(), "it is paid");
  EXPECT_EQ(message.author().id(), "ana");
  EXPECT_EQ(message.channel_account(), "help");
}

TEST_F(RepliesTest, AfterTheSessionWindowOnlyATemplateIsSent) {
  AnaHasM1({.channel = "whatsapp", .session_window = absl::Hours(24)});
  world.Pass(absl::Hours(24) - absl::Seconds(1));
  EXPECT_TRUE(world.Reply("ana", "m1").status.ok());
  EXPECT_TRUE(world.Outbound().front().has_session_window_until());

  world.Pass(absl::Seconds(1));
  const auto refused = world.Reply("ana", "m1");
  EXPECT_EQ(refused.reason(), "NEEDS_TEMPLATE");
  EXPECT_THAT(refused.words, IsEmpty());

  v1::ReplyRequest request;
  request.set_workspace("demo");
  request.set_conversation_id(world.IdOf("m1"));
  types::v1::Template& given = *request.add_parts()->mutable_template_();
  given.set_name("welcome_back");
  EXPECT_TRUE(world.Call("ana", request).status.ok());
  EXPECT_EQ(world.Outbound().back().parts(0).template_().name(), "welcome_back");

  request.add_parts()->mutable_text()->set_body("and a text");
  EXPECT_EQ(world.Call("ana", request).status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(RepliesTest, EveryMessageOfTheCustomerOpensTheSessionWindowAgain) {
  AnaHasM1({.channel = "whatsapp", .thread = "t", .session_window = absl::Hours(24)});
  world.Pass(absl::Hours(25));
  world.Receive("m2", {.channel = "whatsapp", .thread = "t", .session_window = absl::Hours(24)});
  EXPECT_TRUE(world.Reply("ana", "m1").status.ok());
}

TEST_F(RepliesTest, TheFirstReplyTellsHowLongItTook) {
  AnaHasM1();
  world.Pass(absl::Seconds(90));
  world.Reply("ana", "m1");
  EXPECT_EQ(world.Last(ConversationEvent::kReplySent).reply_sent().first_response_ms(), 90'000);
  EXPECT_TRUE(world.Last(ConversationEvent::kReplySent).reply_sent().is_first());

  world.Reply("ana", "m1");
  EXPECT_FALSE(world.Last(ConversationEvent::kReplySent).reply_sent().is_first());
}

TEST_F(RepliesTest, ABotsReplyIsNoHumanReply) {
  config.Agent("ana").set_is_bot(true);
  AnaHasM1();
  world.Reply("ana", "m1");

  EXPECT_FALSE(world.Last(ConversationEvent::kReplySent).reply_sent().is_human_public());
  EXPECT_EQ(world.Outbound().front().author().kind(), types::v1::Actor::KIND_BOT);
}

TEST_F(RepliesTest, ARepeatedReplyLeavesOnce) {
  AnaHasM1();
  world.Reply("ana", "m1", "hi", "same");

  const auto again = world.Reply("ana", "m1", "hi", "same");
  EXPECT_TRUE(again.status.ok());
  EXPECT_EQ(world.Outbound().size(), 1u);
}

TEST_F(RepliesTest, TheSameCommandIdOfAnotherAgentIsAnotherMessage) {
  AnaHasM1();
  world.Receive("m2");
  world.Online("bruno");
  world.Decline("ana", "m2");
  world.Accept("bruno", "m2");
  world.Reply("ana", "m1", "hi", "same");
  world.Reply("bruno", "m2", "hi", "same");

  EXPECT_EQ(world.Outbound().size(), 2u);
}

TEST_F(RepliesTest, AReplyMayResolveInTheSameStep) {
  AnaHasM1();
  v1::ReplyRequest request;
  request.set_workspace("demo");
  request.set_conversation_id(world.IdOf("m1"));
  request.add_parts()->mutable_text()->set_body("done");
  request.set_resolve(true);

  EXPECT_THAT(world.Call("ana", request).words,
              ElementsAre("m1 reply by ana", "m1 resolved by ana", "m1 wrapped up"));
}

TEST_F(RepliesTest, OnlyTheHolderReplies) {
  AnaHasM1();

  EXPECT_EQ(world.Reply("bruno", "m1").reason(), "NOT_YOURS");
  world.Resolve("ana", "m1");
  EXPECT_EQ(world.Reply("ana", "m1").reason(), "WRONG_STATE");
}

TEST_F(RepliesTest, AReplyMustSaySomething) {
  AnaHasM1();
  v1::ReplyRequest request;
  request.set_workspace("demo");
  request.set_conversation_id(world.IdOf("m1"));
  EXPECT_EQ(world.Call("ana", request).reason(), "INVALID_FIELD");

  request.add_parts()->mutable_file()->set_data("not stored");
  EXPECT_EQ(world.Call("ana", request).reason(), "INVALID_FIELD");
  EXPECT_THAT(world.Outbound(), IsEmpty());
}

TEST_F(RepliesTest, NothingLeavesToWhoHasOptedOut) {
  AnaHasM1({.thread = "t"});
  Consent("m2", interaction::v1::Consent::ACTION_OPT_OUT);

  const auto outcome = world.Reply("ana", "m1");
  EXPECT_EQ(outcome.reason(), "OPTED_OUT");
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(world.Outbound(), IsEmpty());

  world.Restart();
  EXPECT_EQ(world.Reply("ana", "m1").reason(), "OPTED_OUT");
}

TEST_F(RepliesTest, WhoOptsInAgainIsAnswered) {
  AnaHasM1({.thread = "t"});
  Consent("m2", interaction::v1::Consent::ACTION_OPT_OUT);
  Consent("m3", interaction::v1::Consent::ACTION_OPT_IN);

  EXPECT_TRUE(world.Reply("ana", "m1").status.ok());
}

TEST_F(RepliesTest, OptingOutOfMarketingDoesNotForbidAnAnswer) {
  AnaHasM1({.thread = "t"});
  Consent("m2", interaction::v1::Consent::ACTION_OPT_OUT, "marketing");

  EXPECT_TRUE(world.Reply("ana", "m1").status.ok());
}

TEST_F(RepliesTest, AfterATakeoverTheAddressIsAskedForAgain) {
  AnaHasM1({.subject = "Invoice"});
  world.Restart();

  const auto refused = world.Reply("ana", "m1");
  EXPECT_EQ(refused.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(refused.reason(), "ADDRESS_PENDING");

  world.AnswerAll(&Known);
  EXPECT_TRUE(world.Reply("ana", "m1").status.ok());
  EXPECT_EQ(world.Outbound().front().recipient_address(), "to ana@x.test");
  EXPECT_EQ(world.Outbound().front().subject(), "Re: Invoice");
}

TEST_F(RepliesTest, AfterATakeoverWhoWaitsIsAskedForOnlyWhenHeIsOffered) {
  Configure();
  world.Receive("m1", {.from = "ana@x.test", .subject = "Invoice"});
  world.Receive("m2", {.from = "bob@x.test"});
  world.Restart();
  EXPECT_THAT(world.questions(), IsEmpty());

  config.Agent("ana").set_units(25);
  Configure();
  world.Online("ana");
  ASSERT_EQ(world.questions().size(), 1u);
  world.AnswerAll(&Known);
  ASSERT_TRUE(world.Accept("ana", "m1").status.ok());
  EXPECT_TRUE(world.Reply("ana", "m1").status.ok());
}

TEST_F(RepliesTest, ANewMessageBringsTheAddressToo) {
  AnaHasM1({.thread = "t"});
  world.Restart();
  world.FailAllQuestions();
  world.Receive("m2", {.thread = "t"});

  EXPECT_TRUE(world.Reply("ana", "m1").status.ok());
}

TEST_F(RepliesTest, AfterATakeoverBothParticipantsAreAskedFor) {
  AnaHasM1({.from = "ana@x.test", .cc = {"bob@x.test"}});
  world.Receive("m2", {.from = "bob@x.test", .references = {"<m1>"}});
  world.Restart();
  world.AnswerAll(&Known);
  world.Pass(absl::Seconds(2));
  world.Tick();
  world.AnswerAll(&Known);

  EXPECT_EQ(world.Get("m1").identifier().value(), "ana@x.test");
  world.Reply("ana", "m1");
  EXPECT_EQ(world.Outbound().front().recipient().value(), "bob@x.test");
}

TEST_F(RepliesTest, RowsAndEventsHoldNoPersonalData) {
  AnaHasM1({.from = "secret@x.test", .text = "secret text", .subject = "secret subject"});
  world.Reply("ana", "m1", "secret answer");
  world.Note("ana", "m1", "secret note");

  for (const auto& [key, value] : world.rows()) {
    // The keyed id of a test is made of the address in the open.
    std::string checked = value;
    for (size_t at; (at = checked.find(":secret@x.test")) != std::string::npos;) {
      checked.erase(at, 14);
    }
    EXPECT_EQ(checked.find("secret"), std::string::npos) << key;
  }
  for (const OutRecord& record : world.records()) {
    if (record.topic.find("outbound") != std::string::npos) continue;
    std::string checked = record.value;
    for (size_t at; (at = checked.find(":secret@x.test")) != std::string::npos;) {
      checked.erase(at, 14);
    }
    EXPECT_EQ(checked.find("secret"), std::string::npos) << record.type;
  }
}

TEST_F(RepliesTest, ANoteIsDeliveredToNobody) {
  AnaHasM1();

  EXPECT_THAT(world.Note("bruno", "m1", "call her").words, ElementsAre("m1 note by bruno"));
  EXPECT_EQ(world.records().back().topic, "trama.outbound.note.v1");
  const outbound::v1::OutboundMessage note = world.Outbound().front();
  EXPECT_EQ(note.channel(), "note");
  EXPECT_EQ(note.recipient().value(), "ana@x.test");
  EXPECT_EQ(note.recipient_address(), "");
  EXPECT_EQ(note.author().id(), "bruno");
}

TEST_F(RepliesTest, ANoteMentionsAgentsOnly) {
  AnaHasM1();
  v1::AddNoteRequest request;
  request.set_workspace("demo");
  request.set_conversation_id(world.IdOf("m1"));
  request.set_text("see this");
  request.add_mentions("nobody");
  EXPECT_EQ(world.Call("ana", request).reason(), "INVALID_FIELD");

  request.set_mentions(0, "bruno");
  EXPECT_TRUE(world.Call("ana", request).status.ok());
  EXPECT_THAT(world.Last(ConversationEvent::kNoteAdded).note_added().mentions(),
              ElementsAre("bruno"));
}

TEST_F(RepliesTest, ATooLongNoteIsRefused) {
  AnaHasM1();

  EXPECT_EQ(world.Note("ana", "m1", std::string(10'001, 'x')).reason(), "INVALID_FIELD");
  EXPECT_TRUE(world.Note("ana", "m1", std::string(10'000, 'x')).status.ok());
}

TEST_F(RepliesTest, ReceiptsAreToldOnceAndNeverGoBack) {
  AnaHasM1();
  world.Reply("ana", "m1");
  const outbound::v1::OutboundMessage message = world.Outbound().front();

  EXPECT_THAT(world.Deliver(message, delivery::v1::STATUS_ATTEMPTING), IsEmpty());
  EXPECT_THAT(world.Deliver(message, delivery::v1::STATUS_SENT), ElementsAre("m1 delivery 2"));
  EXPECT_THAT(world.Deliver(message, delivery::v1::STATUS_SENT), IsEmpty());
  EXPECT_THAT(world.Deliver(message, delivery::v1::STATUS_READ), ElementsAre("m1 delivery 4"));
  EXPECT_THAT(world.Deliver(message, delivery::v1::STATUS_DELIVERED), IsEmpty());
}

TEST_F(RepliesTest, ALateReceiptAfterAFailureIsKept) {
  AnaHasM1();
  world.Reply("ana", "m1");
  const outbound::v1::OutboundMessage message = world.Outbound().front();
  world.Deliver(message, delivery::v1::STATUS_FAILED);

  EXPECT_THAT(world.Deliver(message, delivery::v1::STATUS_SENT), IsEmpty());
  EXPECT_THAT(world.Deliver(message, delivery::v1::STATUS_DELIVERED), ElementsAre("m1 delivery 3"));
}

TEST_F(RepliesTest, TheSubjectIsAnsweredOnce) {
  EXPECT_EQ(ReplySubject("Invoice"), "Re: Invoice");
  EXPECT_EQ(ReplySubject("RE: Invoice"), "RE: Invoice");
  EXPECT_EQ(ReplySubject(""), "");
}

}  // namespace
}  // namespace trama::routing::testing
