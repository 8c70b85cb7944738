#include "services/channels/whatsapp/envelope.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/channels/whatsapp/testing/payloads.h"

namespace trama::whatsapp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: the vendor's bodies.

// Two customers write to one number, one to another; a status comes with them.
std::string Mixed() {
  return Body(absl::StrCat(
      Change(absl::StrCat(
          R"("contacts":[{"profile":{"name":"Ana"},"user_id":"US.1"},)",
          R"({"profile":{"name":"Ben"},"user_id":"US.2","wa_id":"15550000022"}],"messages":[)",
          Message("wamid.1", Text("one"), "US.1", ""), ",",
          Message("wamid.2", Text("two"), "US.2", "15550000022"), "]")),
      ",",
      Change(absl::StrCat(R"("messages":[)", Message("wamid.3", Text("three"), "US.3", ""),
                          R"(],"statuses":[)", Status("wamid.4", "sent"), "]"),
             "900002")));
}

std::vector<std::string> Ids(const Envelope& envelope) {
  std::vector<std::string> ids;
  for (const Event& event : envelope.events) ids.push_back(TextOf(*event.item, "id"));
  return ids;
}

TEST(EnvelopeTest, EveryMessageAndStatusOfABatchIsFound) {
  const auto envelope = ReadEnvelope(Mixed());
  ASSERT_TRUE(envelope.ok()) << envelope.status();
  EXPECT_THAT(Ids(*envelope), ElementsAre("wamid.1", "wamid.2", "wamid.3", "wamid.4"));
  EXPECT_EQ(envelope->events[0].phone_number_id, "900001");
  EXPECT_EQ(envelope->events[2].phone_number_id, "900002");
  EXPECT_EQ(envelope->events[3].kind, Event::Kind::kStatus);
}

TEST(EnvelopeTest, EachMessageHasItsOwnContact) {
  const auto envelope = ReadEnvelope(Mixed());
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(TextOf(ObjectOf(*envelope->events[0].contact, "profile"), "name"), "Ana");
  EXPECT_EQ(TextOf(ObjectOf(*envelope->events[1].contact, "profile"), "name"), "Ben");
  EXPECT_TRUE(envelope->events[2].contact->empty());
}

// The two forms of a Brazilian number differ by a digit.
TEST(EnvelopeTest, ASingleContactIsTakenUnlessItIsAnotherUsers) {
  const auto of = [](const std::string& contact, const std::string& user_id) {
    const auto envelope = ReadEnvelope(
        Body(Change(absl::StrCat(R"("contacts":[)", contact, R"(],"messages":[)",
                                 Message("wamid.1", Text("x"), user_id, "551187654321"), "]"))));
    return envelope->events.at(0).contact->empty();
  };
  EXPECT_FALSE(of(R"({"wa_id":"5511987654321"})", ""));
  EXPECT_FALSE(of(R"({"wa_id":"5511987654321"})", "BR.1"));
  EXPECT_TRUE(of(R"({"user_id":"BR.2"})", "BR.1"));
}

TEST(EnvelopeTest, WhatIsCutOutHoldsNothingOfAnotherCustomer) {
  const auto envelope = ReadEnvelope(Mixed());
  ASSERT_TRUE(envelope.ok());
  const std::string cut = CutOut(*envelope, {&envelope->events[0]});
  EXPECT_THAT(cut, HasSubstr("wamid.1"));
  EXPECT_THAT(cut, HasSubstr("Ana"));
  EXPECT_THAT(cut, HasSubstr("900001"));
  for (const char* others : {"wamid.2", "Ben", "15550000022", "wamid.3", "900002", "wamid.4"}) {
    EXPECT_THAT(cut, Not(HasSubstr(others)));
  }
  const auto again = ReadEnvelope(cut);
  ASSERT_TRUE(again.ok());
  EXPECT_THAT(Ids(*again), ElementsAre("wamid.1"));
  EXPECT_EQ(CutOut(*again, {&again->events[0]}), cut);
}

TEST(EnvelopeTest, WhatMayBeAnybodysIsNotCutOutWithAMessage) {
  std::string body = Body(Change(absl::StrCat(
      Contacts(), R"(,"neighbours":[{"name":"Zoe1"}],"statuses":[)", Status("wamid.2", "sent"),
      R"(],"messages":[)", Message("wamid.1", Text("one")), "]")));
  body.insert(1, R"("filler":"Zoe2",)");
  const auto envelope = ReadEnvelope(body);
  ASSERT_TRUE(envelope.ok());
  ASSERT_THAT(Ids(*envelope), ElementsAre("wamid.1", "wamid.2"));
  const std::string cut = CutOut(*envelope, {&envelope->events[0]});
  EXPECT_THAT(cut, HasSubstr("wamid.1"));
  EXPECT_THAT(cut, HasSubstr("\"messaging_product\":\"whatsapp\""));
  EXPECT_THAT(cut, HasSubstr("\"display_phone_number\":\"15550000001\""));
  for (const char* others : {"Zoe1", "Zoe2", "wamid.2"}) {
    EXPECT_THAT(cut, Not(HasSubstr(others)));
  }
}

TEST(EnvelopeTest, NewListOfAKnownFieldIsAnEventAsAWhole) {
  const auto envelope = ReadEnvelope(
      Body(Change(absl::StrCat(Contacts(), R"(,"messages":[],"knocks":[{"id":"k1"}])"))));
  ASSERT_TRUE(envelope.ok());
  ASSERT_THAT(envelope->events, SizeIs(1));
  EXPECT_EQ(envelope->events[0].kind, Event::Kind::kUnknown);
  EXPECT_THAT(CutOut(*envelope, {&envelope->events[0]}), HasSubstr("\"knocks\":[{\"id\":\"k1\"}]"));
}

TEST(EnvelopeTest, KnownFieldThatBringsNothingIsNoEvent) {
  const auto envelope = ReadEnvelope(Body(Change(absl::StrCat(Contacts(), R"(,"messages":[])"))));
  ASSERT_TRUE(envelope.ok());
  EXPECT_THAT(envelope->events, IsEmpty());
}

TEST(EnvelopeTest, SeveralEventsAreCutOutOfSeveralChanges) {
  const auto envelope = ReadEnvelope(Mixed());
  ASSERT_TRUE(envelope.ok());
  const auto cut = ReadEnvelope(CutOut(*envelope, {&envelope->events[1], &envelope->events[2]}));
  ASSERT_TRUE(cut.ok());
  EXPECT_THAT(Ids(*cut), ElementsAre("wamid.2", "wamid.3"));
}

TEST(EnvelopeTest, FieldsAboutTheAccountAreNoEvents) {
  const auto envelope = ReadEnvelope(
      Body(Change(R"("event":"APPROVED")", kNumberId, "message_template_status_update")));
  ASSERT_TRUE(envelope.ok());
  EXPECT_THAT(envelope->events, IsEmpty());
  EXPECT_THAT(envelope->account_fields, ElementsAre("message_template_status_update"));
}

TEST(EnvelopeTest, FieldThatWeDoNotKnowIsAnEventAsAWhole) {
  const auto envelope = ReadEnvelope(Body(Change(R"("news":[1])", kNumberId, "telepathy")));
  ASSERT_TRUE(envelope.ok());
  ASSERT_THAT(envelope->events, SizeIs(1));
  EXPECT_EQ(envelope->events[0].kind, Event::Kind::kUnknown);
  EXPECT_THAT(CutOut(*envelope, {&envelope->events[0]}), HasSubstr("\"news\":[1]"));
}

TEST(EnvelopeTest, OtherShapesThanExpectedAreLeftOut) {
  for (const char* body :
       {R"({"object":"whatsapp_business_account"})",
        R"({"object":"whatsapp_business_account","entry":{}})",
        R"({"object":"whatsapp_business_account","entry":[1,{"changes":7},{"changes":[null]}]})",
        R"({"object":"whatsapp_business_account","entry":[{"changes":[
            {"field":"messages","value":{"messages":"many","contacts":1}}]}]})"}) {
    const auto envelope = ReadEnvelope(body);
    ASSERT_TRUE(envelope.ok()) << body;
    for (const Event& event : envelope->events) EXPECT_EQ(event.kind, Event::Kind::kUnknown);
  }
}

TEST(EnvelopeTest, ObjectOfTooManyKeysIsRefused) {
  std::string object = "{";
  for (int i = 0; i < 130'000; ++i) absl::StrAppend(&object, i == 0 ? "" : ",", "\"", i, "\":1");
  object += "}";
  EXPECT_FALSE(ReadEnvelope(Body(absl::StrCat(R"({"field":"x","value":)", object, "}"))).ok());
}

TEST(EnvelopeTest, WhatIsNoEnvelopeIsRefused) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), std::string(R"({"object":"page"})"),
        std::string("{\"object\":\"whatsapp_business_account\xff\"}"), deep}) {
    EXPECT_FALSE(ReadEnvelope(body).ok()) << body.substr(0, 40);
  }
}

}  // namespace
}  // namespace trama::whatsapp
