// How many inputs the routing machine takes in per CPU-second, what a single one costs, and how the
// cost grows with the number of agents. Prints a table, or JSON with the goals.
//
//   routing_bench [-o json] [--lives N] [--agents N] [--queues N] [--waiting N]

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "services/routing/bench/conversation_lives.h"

ABSL_FLAG(std::string, output, "table", "table or json");
ABSL_FLAG(std::string, o, "", "The same, in short.");
ABSL_FLAG(int, lives, 5000, "Conversations that are played in each round.");
ABSL_FLAG(int, agents, 1000, "Agents, all of them full.");
ABSL_FLAG(int, queues, 50, "Queues; each needs one skill, each agent has five.");
ABSL_FLAG(int, waiting, 20'000, "Conversations that wait.");

namespace trama::routing::bench {
namespace {

constexpr int kRounds = 7;
constexpr int kMoreAgents = 10;  // The second machine has so many times the agents.
constexpr double kInputsGoal = 200'000;
constexpr double kGrowthGoal = 1.5;
constexpr double kGrowthFloor = 3;

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Outcome {
  double inputs_per_second = 0;
  double growth = 0;  // Cost of an input with more agents, as a multiple.
};

// Round by round, so that a noisy moment meets both.
Outcome Play(ConversationLives& few, ConversationLives& many, int lives) {
  std::vector<double> per_second;
  std::vector<double> growth;
  const auto cost_of_one = [&](ConversationLives& which) {
    for (int i = 0; i < lives; ++i) which.PlayOne();
    const auto [seconds, inputs] = which.TakeTotal();
    return seconds / static_cast<double>(inputs);
  };
  for (int round = 0; round < kRounds; ++round) {
    const double cost_few = cost_of_one(few);
    const double cost_many = cost_of_one(many);
    per_second.push_back(1 / cost_few);
    growth.push_back(cost_many / cost_few);
  }
  return {Median(per_second), Median(growth)};
}

nlohmann::json Goal(double value, nlohmann::json floor, double goal, bool met) {
  return {{"value", value}, {"floor", std::move(floor)}, {"goal", goal}, {"met", met}};
}

nlohmann::json Goals(const Outcome& outcome) {
  return {{"engine_inputs_per_cpu_second", Goal(outcome.inputs_per_second, nullptr, kInputsGoal,
                                                outcome.inputs_per_second >= kInputsGoal)},
          {"engine_cost_of_10_times_the_agents",
           Goal(outcome.growth, kGrowthFloor, kGrowthGoal, outcome.growth <= kGrowthGoal)}};
}

nlohmann::json Inputs(ConversationLives& lives) {
  nlohmann::json kinds = nlohmann::json::object();
  for (auto& [name, cost] : lives.costs()) {
    std::sort(cost.each_us.begin(), cost.each_us.end());
    const size_t count = cost.each_us.size();
    kinds[name] = {{"count", count},
                   {"mean_us", cost.seconds * 1e6 / static_cast<double>(count)},
                   {"p99_us", cost.each_us[count * 99 / 100]},
                   {"max_us", cost.each_us.back()}};
  }
  return kinds;
}

void PrintTable(const nlohmann::json& report) {
  std::printf("%-28s %10s %10s %10s %10s\n", "input", "count", "mean us", "p99 us", "max us");
  for (const auto& [name, cost] : report["inputs"].items()) {
    std::printf("%-28s %10zu %10.2f %10.2f %10.2f\n", name.c_str(), cost["count"].get<size_t>(),
                cost["mean_us"].get<double>(), cost["p99_us"].get<double>(),
                cost["max_us"].get<double>());
  }
  std::printf("\n%-38s %12s %12s %5s\n", "goal", "value", "wanted", "met");
  for (const auto& [name, goal] : report["goals"].items()) {
    std::printf("%-38s %12.2f %12.2f %5s\n", name.c_str(), goal["value"].get<double>(),
                goal["goal"].get<double>(), goal["met"].get<bool>() ? "yes" : "no");
  }
}

int Main() {
  const std::string& shorthand = absl::GetFlag(FLAGS_o);
  const std::string output = shorthand.empty() ? absl::GetFlag(FLAGS_output) : shorthand;
  if (output != "table" && output != "json") {
    std::fprintf(stderr, "--output must be table or json, not \"%s\"\n", output.c_str());
    return 2;
  }
  LoadSize size{absl::GetFlag(FLAGS_agents), absl::GetFlag(FLAGS_queues),
                absl::GetFlag(FLAGS_waiting)};
  ConversationLives few(size);
  size.agents *= kMoreAgents;
  ConversationLives many(size);
  const Outcome outcome = Play(few, many, absl::GetFlag(FLAGS_lives));
  const nlohmann::json report = {{"bench", "engine"},     {"agents", absl::GetFlag(FLAGS_agents)},
                                 {"queues", size.queues}, {"waiting", size.waiting},
                                 {"inputs", Inputs(few)}, {"goals", Goals(outcome)}};
  if (output == "json") {
    std::printf("%s\n", report.dump(2).c_str());
  } else {
    PrintTable(report);
  }
  return 0;
}

}  // namespace
}  // namespace trama::routing::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  return trama::routing::bench::Main();
}
