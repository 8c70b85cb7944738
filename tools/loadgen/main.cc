// trama-loadgen: customers and agents by the thousand, and whether all that was sent is everywhere.

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "services/platform/base/settings.h"
#include "tools/loadgen/run.h"

ABSL_FLAG(std::string, endpoints, ".run/endpoints.json",
          "where the stack is, as tools/up writes it");
ABSL_FLAG(std::string, world, ".run/load.json", "the workspace, as tools/loadgen/run writes it");
ABSL_FLAG(double, rate, 20, "messages a second over all channels, the mean of the run");
ABSL_FLAG(std::string, pattern, "constant", "constant, day or burst");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(30), "how long customers write");
ABSL_FLAG(absl::Duration, warm_up, absl::ZeroDuration(),
          "how much of it does not count in the latencies");
ABSL_FLAG(uint64_t, seed, 1, "decides who writes what, when and where");
ABSL_FLAG(double, returning, 0.2, "part of the messages that comes from somebody who wrote before");
ABSL_FLAG(std::string, channels, "", "shares by weight, such as sms=3,open=1; empty: all, equal");
ABSL_FLAG(int32_t, attempts_max, 10, "how often a message is tried that is not taken");
ABSL_FLAG(int32_t, agents, 0, "how many of the agents work; 0: all");
ABSL_FLAG(int32_t, connections, 8, "gRPC connections that the agents share");
ABSL_FLAG(bool, calls_owner, false,
          "agents call the replica that owns their workspace directly, once they are told which "
          "it is; otherwise any");
ABSL_FLAG(bool, answers, true, "agents write an answer before they resolve a conversation");
ABSL_FLAG(absl::Duration, agent_pause, absl::ZeroDuration(), "before each step of an agent");
ABSL_FLAG(absl::Duration, settle_max, absl::Seconds(60),
          "how long everything may take to be everywhere after the last message");
ABSL_FLAG(bool, receipts, false,
          "vendors report of each text that the customer has it; e-mail has no such reports");
ABSL_FLAG(bool, has_others, false,
          "somebody else writes to the workspace, too; what is there of him is no difference");
ABSL_FLAG(std::string, run_id, "", "makes the ids of this run its own; empty: the time");
ABSL_FLAG(std::string, journal, "", "file of JSON lines, one for each thing done and seen");
ABSL_FLAG(std::string, o, "table", "table or json");

namespace trama::loadgen {
namespace {

constexpr size_t kFileBytesMax = 64 << 20;
constexpr int kExitDifferent = 1;
constexpr int kExitUnusable = 2;  // Wrong settings, or nothing could be judged.

int Fail(const absl::Status& status) {
  std::cerr << "error: " << status.message() << "\n";
  return kExitUnusable;
}

absl::StatusOr<std::map<std::string, double>> Shares(const World& world) {
  std::map<std::string, double> shares;
  const std::string text = absl::GetFlag(FLAGS_channels);
  if (text.empty()) {
    for (const auto& [name, channel] : world.channels) shares[name] = 1;
    return shares;
  }
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
    double weight = 1;
    const bool is_fine = pair.second.empty() || absl::SimpleAtod(pair.second, &weight);
    if (!is_fine || weight <= 0 || !world.channels.contains(pair.first)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--channels: \"", part, "\" is not a channel of the world and its weight"));
    }
    shares[pair.first] = weight;
  }
  return shares;
}

absl::StatusOr<RunOptions> Options(const World& world) {
  RunOptions options;
  CustomerPlan& plan = options.customers;
  const auto pattern = ParsePattern(absl::GetFlag(FLAGS_pattern));
  if (!pattern.ok()) return pattern.status();
  auto shares = Shares(world);
  if (!shares.ok()) return shares.status();
  plan.run = absl::GetFlag(FLAGS_run_id);
  if (plan.run.empty()) plan.run = absl::StrCat(absl::ToUnixMillis(absl::Now()));
  plan.pattern = *pattern;
  plan.shares = *std::move(shares);
  plan.rate = absl::GetFlag(FLAGS_rate);
  plan.duration = absl::GetFlag(FLAGS_duration);
  plan.seed = absl::GetFlag(FLAGS_seed);
  plan.returning = absl::GetFlag(FLAGS_returning);
  plan.attempts_max = absl::GetFlag(FLAGS_attempts_max);
  options.warm_up = absl::GetFlag(FLAGS_warm_up);
  options.agents = absl::GetFlag(FLAGS_agents);
  options.connections = absl::GetFlag(FLAGS_connections);
  options.calls_owner = absl::GetFlag(FLAGS_calls_owner);
  options.answers = absl::GetFlag(FLAGS_answers);
  options.agent_pause = absl::GetFlag(FLAGS_agent_pause);
  options.receipts = absl::GetFlag(FLAGS_receipts);
  options.has_others = absl::GetFlag(FLAGS_has_others);
  options.settle_max = absl::GetFlag(FLAGS_settle_max);
  options.journal = absl::GetFlag(FLAGS_journal);
  return options;
}

void CheckFlags(platform::Mistakes& mistakes) {
  mistakes.Require(absl::GetFlag(FLAGS_rate) > 0, "--rate must be more than 0, for example 20");
  mistakes.Require(absl::GetFlag(FLAGS_duration) > absl::ZeroDuration(),
                   "--duration must be more than 0s, for example 30s");
  const double returning = absl::GetFlag(FLAGS_returning);
  mistakes.Require(returning >= 0 && returning <= 1, "--returning must be from 0 to 1");
  mistakes.Require(absl::GetFlag(FLAGS_connections) > 0, "--connections must be at least 1");
  const std::string output = absl::GetFlag(FLAGS_o);
  mistakes.Require(output == "table" || output == "json", "--o must be table or json");
}

int Main(int argc, char** argv) {
  const auto over = platform::StartSettings(
      argc, argv,
      {.name = "trama-loadgen",
       .version = "0.1.0",
       .purpose = "Customers and agents by the thousand; is all that was sent everywhere?",
       .defaults = {},
       .validators = {&CheckFlags}});
  if (over.has_value()) return *over;
  const auto endpoints = platform::ReadSmallFile(absl::GetFlag(FLAGS_endpoints), kFileBytesMax);
  if (!endpoints.ok()) return Fail(endpoints.status());
  const auto load = platform::ReadSmallFile(absl::GetFlag(FLAGS_world), kFileBytesMax);
  if (!load.ok()) return Fail(load.status());
  const auto world = ParseWorld(*endpoints, *load);
  if (!world.ok()) return Fail(world.status());
  const auto options = Options(*world);
  if (!options.ok()) return Fail(options.status());
  const auto report = Play(*world, *options);
  if (!report.ok()) return Fail(report.status());
  std::cout << (absl::GetFlag(FLAGS_o) == "json" ? ReportAsJson(*report) : ReportAsTable(*report));
  return report->differences.empty() ? EXIT_SUCCESS : kExitDifferent;
}

}  // namespace
}  // namespace trama::loadgen

int main(int argc, char** argv) { return trama::loadgen::Main(argc, argv); }
