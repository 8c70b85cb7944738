#include "services/routing/work_records.h"

#include "gtest/gtest.h"
#include "services/kernel/resources/identifiers.h"

namespace trama::routing {
namespace {

constexpr char kSecret[] = "0123456789abcdef";

interaction::v1::Interaction Message() {
  interaction::v1::Interaction interaction;
  interaction.set_interaction_id("i1");
  interaction.set_workspace("demo");
  interaction.set_channel("sms");
  interaction.set_channel_account("line");
  interaction.set_conversation_key("+14155550123");
  auto& identifier = *interaction.mutable_sender()->mutable_identifier();
  identifier.set_kind(types::v1::IDENTIFIER_KIND_PHONE);
  identifier.set_value("+14155550123");
  return interaction;
}

TEST(WorkRecords, KeysHoldNoPersonalValue) {
  const v1::Work work = MakeWork({}, Message(), kSecret, nullptr);
  EXPECT_EQ(work.keys().sender(), CustomerIdOf(kSecret, Message().sender().identifier()));
  EXPECT_EQ(work.keys().SerializeAsString().find("4155550123"), std::string::npos);
}

TEST(WorkRecords, TheSameThreadOfAnotherAccountHasAnotherKey) {
  interaction::v1::Interaction other = Message();
  other.set_channel_account("line2");
  EXPECT_NE(MakeWork({}, Message(), kSecret, nullptr).keys().thread(),
            MakeWork({}, other, kSecret, nullptr).keys().thread());
}

TEST(WorkRecords, WithoutAnAnswerOfProfileTheFactsArePending) {
  const v1::Work work = MakeWork({}, Message(), kSecret, nullptr);
  EXPECT_TRUE(work.facts().pending());
  EXPECT_EQ(work.facts().customer_id(), work.keys().sender());
}

TEST(WorkRecords, AnAnswerOfProfileBringsItsFacts) {
  profile::v1::Resolution resolution;
  resolution.set_customer_id("c1");
  resolution.set_known(true);
  (*resolution.mutable_facts())["segment"] = "gold";
  const v1::Work work = MakeWork({}, Message(), kSecret, &resolution);
  EXPECT_FALSE(work.facts().pending());
  EXPECT_EQ(work.facts().customer_id(), "c1");
  EXPECT_EQ(work.facts().values().at("segment"), "gold");
}

TEST(WorkRecords, AnInteractionWithoutIdOrWithAMalformedSenderIsRefused) {
  EXPECT_TRUE(CheckInteraction(Message()).ok());
  interaction::v1::Interaction nameless = Message();
  nameless.clear_interaction_id();
  EXPECT_FALSE(CheckInteraction(nameless).ok());
  interaction::v1::Interaction malformed = Message();
  malformed.mutable_sender()->mutable_identifier()->clear_value();
  EXPECT_FALSE(CheckInteraction(malformed).ok());
}

}  // namespace
}  // namespace trama::routing
