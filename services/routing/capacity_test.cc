#include "services/routing/roster.h"

#include "absl/strings/str_cat.h"
#include "services/routing/testing/routing_test.h"

namespace trama::routing::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class CapacityTest : public RoutingTest {
 protected:
  // Conversations that ana has or is asked for.
  int Held() { return world.GetAgent("ana").conversation_ids_size(); }

  void ReceiveMany(int count, const Mail& mail = {}) {
    for (int i = 0; i < count; ++i) world.Receive(absl::StrCat(mail.channel, i), mail);
  }
};

TEST_F(CapacityTest, FourConversationsAtOnceByDefault) {
  Configure();
  world.Online("ana");
  ReceiveMany(6);

  EXPECT_EQ(Held(), 4);
  EXPECT_EQ(world.GetAgent("ana").units_held(), 100);
}

TEST_F(CapacityTest, ChannelsCostWhatTheWorkspaceSays) {
  (*config.Workspace().mutable_capacity())["email"].set_units(20);
  Configure();
  world.Online("ana");
  ReceiveMany(6);

  EXPECT_EQ(Held(), 5);
}

TEST_F(CapacityTest, AChannelMayHaveALimitOfItsOwn) {
  (*config.Workspace().mutable_capacity())["email"].set_units(10);
  (*config.Workspace().mutable_capacity())["email"].set_count_max(2);
  Configure();
  world.Online("ana");
  ReceiveMany(3);
  EXPECT_EQ(Held(), 2);

  ReceiveMany(4, {.channel = "sms"});
  EXPECT_EQ(Held(), 5);  // Two mails cost 20, so three of 25 fit.
}

TEST_F(CapacityTest, AnAgentMayHaveUnitsOfHisOwn) {
  config.Agent("ana").set_units(25);
  Configure();
  world.Online("ana");
  ReceiveMany(2);

  EXPECT_EQ(Held(), 1);
}

TEST_F(CapacityTest, WhatIsFreedIsUsedInTheSameStep) {
  config.Agent("ana").set_units(25);
  Configure();
  world.Online("ana");
  world.Receive("m1");
  world.Receive("m2");
  world.Accept("ana", "m1");

  EXPECT_THAT(world.Resolve("ana", "m1").words,
              ElementsAre("m1 resolved by ana", "m1 wrapped up", "m2 offered to ana"));
}

TEST_F(CapacityTest, WrapUpHoldsItsOwnUnits) {
  (*config.Workspace().mutable_capacity())["email"].set_units(50);
  (*config.Workspace().mutable_capacity())["email"].set_units_when_wrapping(0);
  config.Queue("general").mutable_wrap_up()->set_mode(config::v1::WrapUp::OPTIONAL);
  Configure();
  world.Online("ana");
  ReceiveMany(3);
  world.Accept("ana", "email0");

  EXPECT_THAT(world.Resolve("ana", "email0").words,
              ElementsAre("email0 resolved by ana", "email0 wrapping up", "email2 offered to ana"));
}

TEST_F(CapacityTest, CutUnitsTakeNothingAwayAndSayWhyTheyAreExceeded) {
  Configure();
  world.Online("ana");
  ReceiveMany(4);
  for (int i = 0; i < 4; ++i) world.Accept("ana", absl::StrCat("email", i));

  config.Agent("ana").set_units(50);
  EXPECT_THAT(world.Configure(config), IsEmpty());
  EXPECT_EQ(Held(), 4);
  const agent::v1::AgentEvent event = world.AgentEvents().back();
  EXPECT_EQ(event.cause_id(), "config:2");
  EXPECT_EQ(event.load_changed().units_held(), 100);
  EXPECT_EQ(event.load_changed().units_total(), 50);

  world.Resolve("ana", "email0");
  world.Resolve("ana", "email1");
  EXPECT_THAT(world.Receive("m9"), Not(Contains("m9 offered to ana")));
  world.Resolve("ana", "email2");
  EXPECT_EQ(world.Get("m9").state(), conversation::v1::STATE_OFFERED);
}

TEST_F(CapacityTest, LoadIsToldWithoutOpenOffers) {
  Configure();
  world.Online("ana");
  ReceiveMany(2);
  world.Accept("ana", "email0");

  const agent::v1::LoadChanged load = world.AgentEvents().back().load_changed();
  EXPECT_EQ(load.units_held(), 25);
  EXPECT_EQ(load.held_by_channel().at("email"), 1);
  EXPECT_EQ(load.conversation_id(), world.IdOf("email0"));
}

TEST_F(CapacityTest, AFullAgentIsOfferedWhatFitsOfAnotherChannel) {
  (*config.Workspace().mutable_capacity())["email"].set_units(60);
  (*config.Workspace().mutable_capacity())["sms"].set_units(40);
  Configure();
  world.Online("ana");
  world.Receive("mail1");
  world.Receive("mail2");
  world.Pass(absl::Seconds(1));

  EXPECT_THAT(world.Receive("sms1", {.channel = "sms"}), Contains("sms1 offered to ana"));
  EXPECT_EQ(world.Get("mail2").state(), conversation::v1::STATE_QUEUED);
}

TEST_F(CapacityTest, MoreChannelsThanAreToldApartShareOneLimit) {
  config.Workspace().set_agent_units(10'000);
  Configure();
  world.Online("ana");
  for (int i = 0; i < 40; ++i) {
    world.Receive(absl::StrCat("m", i), {.channel = absl::StrCat("channel", i)});
  }

  EXPECT_EQ(Held(), 40);
}

}  // namespace
}  // namespace trama::routing::testing
