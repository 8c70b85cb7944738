#pragma once

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/routing/testing/config_builder.h"
#include "services/routing/testing/world.h"

namespace trama::routing::testing {

// One workspace "demo" with a queue that takes everything and the agents ana and bruno, offline.
// Change `config` before the first verb, or call Configure() after it.
class RoutingTest : public ::testing::Test {
 protected:
  RoutingTest() {
    config.Queue("general").set_order(100);
    config.Agent("ana");
    config.Agent("bruno");
  }

  void Configure() { world.Configure(config); }

  // ana is there and has accepted the conversation of message m1.
  void AnaHasM1(const Mail& mail = {}) {
    Configure();
    world.Online("ana");
    world.Receive("m1", mail);
    ASSERT_TRUE(world.Accept("ana", "m1").status.ok());
  }

  ConfigBuilder config;
  World world;
};

}  // namespace trama::routing::testing
