#include "services/channels/open/event.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/open/testing/events.h"

namespace trama::open_channel {
namespace {

namespace iv = interaction::v1;
using testing::Account;
using testing::Batch;
using ::testing::ElementsAre;
using testing::EventOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Json;
using testing::kNow;
using testing::MessageEvent;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

std::vector<Event> Parse(const std::vector<Json>& events) {
  auto parsed = ParseEvents(Batch(events), Account(), kNow);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? *std::move(parsed) : std::vector<Event>();
}

iv::Interaction Interaction(const Json& event) {
  const Event parsed = Parse({event}).at(0);
  EXPECT_FALSE(parsed.refusal.has_value())
      << parsed.refusal->field << " " << parsed.refusal->reason;
  return parsed.interaction.value_or(iv::Interaction());
}

// "field: reason" of the only event; empty when it is taken.
std::string Wrong(const Json& event) {
  const Event parsed = Parse({event}).at(0);
  EXPECT_NE(parsed.refusal.has_value(), parsed.interaction.has_value());
  if (!parsed.refusal.has_value()) return "";
  return absl::StrCat(parsed.refusal->field, ": ", parsed.refusal->reason);
}

TEST(EventTest, MessageBecomesAnInteractionOfItsUser) {
  const iv::Interaction said = Interaction(MessageEvent("m1", "Hello"));
  EXPECT_EQ(said.workspace(), "demo");
  EXPECT_EQ(said.channel(), "open");
  EXPECT_EQ(said.channel_account(), "shop");
  EXPECT_EQ(said.kind(), iv::KIND_MESSAGE);
  EXPECT_EQ(said.direction(), iv::DIRECTION_INBOUND);
  EXPECT_EQ(said.vendor_message_id(), "m1");
  EXPECT_EQ(said.vendor_event_id(), "e-m1");
  EXPECT_EQ(said.parts(0).text().body(), "Hello");
  EXPECT_EQ(said.sender().identifier().kind(), types::v1::IDENTIFIER_KIND_CHANNEL);
  EXPECT_EQ(said.sender().identifier().scope(), "open/shop");
  EXPECT_EQ(said.sender().identifier().value(), "u1");
  EXPECT_EQ(channels::FromProto(said.sent_at()), kNow);
  EXPECT_EQ(channels::FromProto(said.received_at()), kNow);
}

TEST(EventTest, SameMessageInAnotherEventHasTheSameId) {
  Json again = MessageEvent("m1", "Hello");
  again["id"] = "e-other";
  const std::vector<Event> events = Parse({MessageEvent("m1", "Hello"), again});
  EXPECT_EQ(events[0].seen_id, events[1].seen_id);
  EXPECT_EQ(events[0].interaction->interaction_id(), events[1].interaction->interaction_id());
}

TEST(EventTest, UserIdIsOpaqueAndItsCaseCounts) {
  Json event = MessageEvent("m1", "x");
  event["user"]["id"] = "User:ÄB/42";
  EXPECT_EQ(Interaction(event).sender().identifier().value(), "User:ÄB/42");
  EXPECT_EQ(Interaction(event).sender().address(), "User:ÄB/42");
}

TEST(EventTest, ContactsThatTheIntegratorVouchesForIdentifyTheUser) {
  Json event = MessageEvent("m1", "x");
  event["user"] = {{"id", "u1"},
                   {"name", "Ana"},
                   {"verified", true},
                   {"email", "Ana@Shop.Example"},
                   {"email_verified", true},
                   {"phone", "415 555 0123"},
                   {"phone_verified", true}};
  const iv::Sender sender = Interaction(event).sender();
  EXPECT_TRUE(sender.verified());
  EXPECT_EQ(sender.display_name(), "Ana");
  ASSERT_THAT(sender.also(), SizeIs(2));
  EXPECT_EQ(sender.also(0).value(), "ana@shop.example");
  EXPECT_EQ(sender.also(1).value(), "+14155550123");
}

TEST(EventTest, ContactsThatNobodyHasVerifiedAreFactsOnly) {
  Json event = MessageEvent("m1", "x");
  event["user"]["email"] = "ana@shop.example";
  event["user"]["phone"] = "+14155550123";
  const iv::Interaction said = Interaction(event);
  EXPECT_FALSE(said.sender().verified());
  EXPECT_THAT(said.sender().also(), IsEmpty());
  EXPECT_THAT(said.channel_facts(),
              UnorderedElementsAre(Pair("unverified_email", "ana@shop.example"),
                                   Pair("unverified_phone", "+14155550123")));
}

TEST(EventTest, ContactsThatAreNoneAreRefused) {
  Json event = MessageEvent("m1", "x");
  event["user"]["email"] = "not an address";
  EXPECT_EQ(Wrong(event), "events[0].user.email: is not an e-mail address");
  event["user"] = {{"id", "u1"}, {"phone", "12"}};
  EXPECT_THAT(Wrong(event), HasSubstr("events[0].user.phone: is not a telephone number"));
}

TEST(EventTest, ConversationsOfOneUserAreApart) {
  Json first = MessageEvent("m1", "x");
  Json second = MessageEvent("m2", "x");
  first["conversation_id"] = "order 1";
  second["conversation_id"] = "order 2";
  const iv::Interaction said = Interaction(first);
  EXPECT_NE(said.conversation_key(), Interaction(second).conversation_key());
  EXPECT_EQ(said.channel_facts().at("conversation_id"), "order 1");
  EXPECT_THAT(said.thread_evidence(), IsEmpty());
  first["user"]["id"] = "u2";
  EXPECT_NE(said.conversation_key(), Interaction(first).conversation_key());
}

TEST(EventTest, ConversationOfOneUserIsNeverThatOfAnother) {
  Json conversation = MessageEvent("m1", "x");
  conversation["user"]["id"] = "acme";
  conversation["conversation_id"] = "7";
  Json other = MessageEvent("m1", "x");
  other["user"]["id"] = "acme/7";
  EXPECT_NE(Interaction(conversation).conversation_key(), Interaction(other).conversation_key());
}

TEST(EventTest, OurConversationIdIsEvidenceOfTheThread) {
  Json event = MessageEvent("m1", "x");
  event["conversation_id"] = "0c9a6bf3-c8ed-82bc-8768-f41f83c5d9bd";
  event["message"]["reply_to"] = "our-message";
  const iv::Interaction said = Interaction(event);
  ASSERT_THAT(said.thread_evidence(), SizeIs(2));
  EXPECT_EQ(said.thread_evidence(0).kind(), iv::ThreadEvidence::KIND_SIGNED_TOKEN);
  EXPECT_EQ(said.thread_evidence(0).value(), "0c9a6bf3-c8ed-82bc-8768-f41f83c5d9bd");
  EXPECT_EQ(said.thread_evidence(1).kind(), iv::ThreadEvidence::KIND_REFERENCE);
  EXPECT_EQ(said.reply_to_vendor_message_id(), "our-message");
}

TEST(EventTest, FilesStayWhereTheyAreUntilTheyAreFetched) {
  Json event = EventOf("message", "e1");
  event["message"] = {{"id", "m1"},
                      {"attachments",
                       {{{"url", "https://files.example/a?sig=1"},
                         {"mime", "image/png"},
                         {"size", 12},
                         {"name", "a.png"}},
                        {{"url", "https://files.example/b"}}}}};
  const iv::Interaction said = Interaction(event);
  ASSERT_THAT(said.parts(), SizeIs(2));
  const types::v1::Media& media = said.parts(0).media();
  EXPECT_EQ(media.vendor_url(), "https://files.example/a?sig=1");
  EXPECT_EQ(media.content_type(), "image/png");
  EXPECT_EQ(media.size_bytes(), 12);
  EXPECT_EQ(media.file_name(), "a.png");
}

TEST(EventTest, EditDeleteAndReactionAmendTheMessage) {
  const std::string id = channels::InteractionId("open", "demo", "shop", "m1", iv::KIND_MESSAGE);
  Json edit = EventOf("edit", "e2");
  edit["message"] = {{"id", "m1"}, {"text", "better"}};
  EXPECT_EQ(Interaction(edit).kind(), iv::KIND_EDIT);
  EXPECT_EQ(Interaction(edit).amends_interaction_id(), id);
  EXPECT_EQ(Interaction(edit).parts(0).text().body(), "better");
  Json erased = EventOf("delete", "e3");
  erased["message"] = {{"id", "m1"}};
  EXPECT_EQ(Interaction(erased).kind(), iv::KIND_DELETE);
  EXPECT_EQ(Interaction(erased).amends_interaction_id(), id);
  Json reaction = EventOf("reaction", "e4");
  reaction["message"] = {{"id", "m1"}};
  reaction["reaction"] = "👍";
  EXPECT_EQ(Interaction(reaction).kind(), iv::KIND_REACTION);
  EXPECT_EQ(Interaction(reaction).amends_interaction_id(), id);
  EXPECT_EQ(Interaction(reaction).parts(0).text().body(), "👍");
  reaction["reaction"] = nullptr;
  EXPECT_THAT(Interaction(reaction).parts(), IsEmpty());
}

TEST(EventTest, TwoEditsOfOneMessageAreTwo) {
  Json edit = EventOf("edit", "e2");
  edit["message"] = {{"id", "m1"}, {"text", "better"}};
  Json later = edit;
  later["id"] = "e3";
  EXPECT_NE(Interaction(edit).interaction_id(), Interaction(later).interaction_id());
}

TEST(EventTest, TypingAndReadNeedNoMessageAndKeepNoOriginal) {
  const std::vector<Event> events = Parse({EventOf("typing", "e1"), EventOf("read", "e2")});
  EXPECT_EQ(events[0].interaction->kind(), iv::KIND_TYPING);
  EXPECT_EQ(events[1].interaction->kind(), iv::KIND_READ);
  EXPECT_EQ(events[0].original, "");
}

TEST(EventTest, OriginalIsKeptWithWhatWeDoNotKnow) {
  Json event = MessageEvent("m1", "x");
  event["loyalty"] = {{"tier", "gold"}};
  EXPECT_EQ(Parse({event}).at(0).original, event.dump());
}

TEST(EventTest, RefusalsNameTheField) {
  EXPECT_EQ(Wrong(Json("text")), "events[0]: is not an object");
  Json event = MessageEvent("m1", "x");
  event.erase("id");
  EXPECT_EQ(Wrong(event), "events[0].id: is missing");
  event = MessageEvent("m1", "x");
  event["type"] = "call";
  EXPECT_EQ(Wrong(event), "events[0].type: is not a type of event that we know");
  event.erase("type");
  EXPECT_EQ(Wrong(event), "events[0].type: is missing");
  event = MessageEvent("m1", "x");
  event["user"]["id"] = "";
  EXPECT_EQ(Wrong(event), "events[0].user.id: is missing");
  event["user"] = "u1";
  EXPECT_EQ(Wrong(event), "events[0].user: is not an object");
  event = MessageEvent("m1", "x");
  event["message"]["id"] = 7;
  EXPECT_EQ(Wrong(event), "events[0].message.id: is not a string");
  event = MessageEvent("a\nb", "x");
  event["id"] = "e1";
  EXPECT_EQ(Wrong(event), "events[0].message.id: has control characters");
  event = MessageEvent("m1", "");
  EXPECT_EQ(Wrong(event), "events[0].message.text: is missing, and there are no attachments");
}

TEST(EventTest, MomentsAreChecked) {
  Json event = MessageEvent("m1", "x");
  for (const char* moment : {"yesterday", "2023-11-14", "infinite-past", "1969-01-01T00:00:00Z"}) {
    event["occurred_at"] = moment;
    EXPECT_THAT(Wrong(event), HasSubstr("events[0].occurred_at: is not a moment")) << moment;
  }
  for (const char* moment : {"2023-11-14T23:00:00Z", "infinite-future", "9999-12-31T00:00:00Z"}) {
    event["occurred_at"] = moment;
    EXPECT_THAT(Wrong(event), HasSubstr("events[0].occurred_at: ")) << moment;
  }
  event["occurred_at"] = "2023-11-14T19:13:20.25-03:00";
  EXPECT_EQ(channels::FromProto(Interaction(event).sent_at()), kNow + absl::Milliseconds(250));
  event.erase("occurred_at");
  EXPECT_EQ(Wrong(event), "events[0].occurred_at: is missing");
}

TEST(EventTest, LimitsHold) {
  std::string text;
  for (size_t i = 0; i < kTextCodePointsMax; ++i) text += "é";
  EXPECT_EQ(Wrong(MessageEvent("m1", text)), "");
  EXPECT_THAT(Wrong(MessageEvent("m1", text + "é")), HasSubstr("message.text: has 10001 char"));
  EXPECT_THAT(Wrong(MessageEvent("m1", std::string(100'000, 'x'))), HasSubstr("has 100000 bytes"));
  Json event = EventOf("message", "e1");
  event["message"] = {{"id", "m1"}, {"attachments", Json::array()}};
  for (size_t i = 0; i < kAttachmentsMax; ++i) {
    event["message"]["attachments"].push_back({{"url", "https://x.example/"}});
  }
  EXPECT_EQ(Wrong(event), "");
  event["message"]["attachments"].push_back({{"url", "https://x.example/"}});
  EXPECT_EQ(Wrong(event), "events[0].message.attachments: has 11 elements, at most 10 are taken");
}

TEST(EventTest, AttachmentsNeedAnAddressOfTheWeb) {
  Json event = EventOf("message", "e1");
  event["message"] = {{"id", "m1"}, {"attachments", {{{"url", "file:///etc/passwd"}}}}};
  EXPECT_THAT(Wrong(event), HasSubstr("events[0].message.attachments[0].url: is not an address"));
  event["message"]["attachments"][0] = {{"mime", "image/png"}};
  EXPECT_EQ(Wrong(event), "events[0].message.attachments[0].url: is missing");
  event["message"]["attachments"][0] = {{"url", "https://x.example/"}, {"size", -1}};
  EXPECT_THAT(Wrong(event), HasSubstr("attachments[0].size: is not a whole number"));
}

TEST(EventTest, WrongEventHindersNoOther) {
  const std::vector<Event> events =
      Parse({MessageEvent("m1", "x"), Json::object(), MessageEvent("m3", "x")});
  EXPECT_FALSE(events[0].refusal.has_value());
  EXPECT_EQ(events[1].refusal, (Refusal{"events[1].id", "is missing"}));
  EXPECT_FALSE(events[2].refusal.has_value());
}

TEST(EventTest, BodyThatIsNoBatchIsRefusedWhole) {
  for (const char* body : {"", "[]", "{", "{\"events\":[]}", "{\"events\":{}}", "\xff", "null"}) {
    EXPECT_EQ(ParseEvents(body, Account(), kNow).status().code(),
              absl::StatusCode::kInvalidArgument)
        << body;
  }
}

TEST(EventTest, BatchHasAtMostAHundredEvents) {
  std::vector<Json> events(kEventsMax, MessageEvent("m1", "x"));
  EXPECT_THAT(Parse(events), SizeIs(kEventsMax));
  events.push_back(MessageEvent("m1", "x"));
  EXPECT_EQ(ParseEvents(Batch(events), Account(), kNow).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST(EventTest, DeepNestingIsRefusedAndEndsNothing) {
  const std::string body = absl::StrCat(R"({"events":[{"x":)", std::string(500'000, '['));
  EXPECT_THAT(std::string(ParseEvents(body, Account(), kNow).status().message()),
              HasSubstr("nested deeper"));
}

TEST(EventTest, ObjectOfTooManyKeysIsRefusedAtOnce) {
  std::string object = "{";
  for (int i = 0; i < 130'000; ++i) absl::StrAppend(&object, i == 0 ? "" : ",", "\"", i, "\":1");
  object += "}";
  const std::string body = absl::StrCat(R"({"events":[{"x":)", object, "}]}");
  EXPECT_THAT(std::string(ParseEvents(body, Account(), kNow).status().message()),
              HasSubstr("more than 1000 keys"));
}

}  // namespace
}  // namespace trama::open_channel
