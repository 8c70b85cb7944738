#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/routing/sim/simulation.h"

namespace trama::routing::sim {
namespace {

using ::testing::IsEmpty;

constexpr int kSeeds = 150;
constexpr int kStepsPerSeed = 1500;

// One seed of one's own: TRAMA_SIM_SEED=7. More of them: TRAMA_SIM_SEEDS=5000.
std::vector<uint64_t> Seeds() {
  if (const char* one = std::getenv("TRAMA_SIM_SEED")) return {std::strtoull(one, nullptr, 10)};
  const char* many = std::getenv("TRAMA_SIM_SEEDS");
  const uint64_t count = many == nullptr ? kSeeds : std::strtoull(many, nullptr, 10);
  std::vector<uint64_t> seeds;
  for (uint64_t seed = 1; seed <= count; ++seed) seeds.push_back(seed);
  return seeds;
}

// Shows only the beginning: one mistake often causes many.
std::vector<std::string> First(std::vector<std::string> complaints) {
  if (complaints.size() > 5) complaints.resize(5);
  return complaints;
}

TEST(RoutingSimTest, WhateverGoesWrongNothingIsLostTwiceOrUnfairAndEverythingGetsDone) {
  for (const uint64_t seed : Seeds()) {
    SCOPED_TRACE("TRAMA_SIM_SEED=" + std::to_string(seed));
    Simulation simulation(seed);
    simulation.RunSteps(kStepsPerSeed);
    EXPECT_TRUE(simulation.RunUntilQuiet()) << "something waits for ever";
    EXPECT_THAT(First(simulation.Complaints()), IsEmpty());
    if (HasFailure()) return;
  }
}

TEST(RoutingSimTest, TheSameSeedTellsTheSameStory) {
  for (const uint64_t seed : {3, 14, 159, 2653}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation first(seed);
    Simulation second(seed);
    first.RunSteps(kStepsPerSeed);
    second.RunSteps(kStepsPerSeed);
    EXPECT_GT(first.crashes(), 1u);
    EXPECT_TRUE(first.trace() == second.trace());
  }
}

TEST(RoutingSimTest, WhoRestsChangesNothing) {
  for (const uint64_t seed : {1, 4, 16, 64, 256, 1024}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation resting(seed, /*awake_max=*/0);
    Simulation awake(seed, /*awake_max=*/1'000'000);
    resting.RunSteps(kStepsPerSeed);
    awake.RunSteps(kStepsPerSeed);
    EXPECT_TRUE(resting.trace() == awake.trace());
  }
}

}  // namespace
}  // namespace trama::routing::sim
