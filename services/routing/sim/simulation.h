#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/kernel/machine.h"
#include "services/routing/routing_machine.h"
#include "services/routing/sim/audit.h"
#include "services/routing/sim/chance.h"
#include "services/routing/testing/config_builder.h"
#include "trama/routing/v1/routing_service.pb.h"

namespace trama::routing::sim {

// One partition's engine in a world that goes wrong: two workspaces with equal names, customers who
// write and write again, agents who accept, decline, ignore, answer late and vanish,
// configuration that changes in flight, records that come twice, answers of profile that are lost,
// and owners that crash between a decision and its commit. Everything follows from the seed.
class Simulation {
 public:
  // `awake_max`: how many conversations that are over stay awake.
  explicit Simulation(uint64_t seed, size_t awake_max = 2);

  // Everything may go wrong.
  void RunSteps(int steps);
  // Nothing goes wrong any more and the agents do their work: whatever waits must get done. False
  // when it did not.
  bool RunUntilQuiet();

  // What was wrong, in words.
  std::vector<std::string> Complaints();
  // Everything that was published and answered, to be compared with another run's.
  const std::vector<std::string>& trace() const { return trace_; }
  size_t crashes() const { return static_cast<size_t>(incarnation_); }

 private:
  struct SimAgent {
    std::string workspace;
    std::string name;
    std::vector<std::string> offers;  // Told, perhaps over.
    std::set<std::string> mine;       // Conversations, perhaps no longer.
  };
  struct Call {
    std::string subject;
    std::string command_id;
    MessagePtr request;
  };

  // The loop's part.
  void TakeOver();
  void Apply(const Input& input);
  void RunDueTicks();
  void Commit();
  void Crash();
  void ReadLog(size_t count);

  // What happens.
  void Step();
  void SomebodyWrites();
  void SomethingIsRepeated();
  void AnAgentActs(SimAgent& agent);
  void AnAgentAnswersOffer(SimAgent& agent, bool accept);
  void AnAgentWorks(SimAgent& agent);
  void PresenceChanges(SimAgent& agent);
  void ConfigurationChanges();
  void ProfileAnswers();
  void PassTime(int64_t ms_max);
  void Send(SimAgent& agent, MessagePtr request);
  void Submit(const Call& call);
  void Hear(const Push& push);
  void HearAnswer(const Call& call, const google::protobuf::Message& response);
  void Reconnects(SimAgent& agent);

  const size_t awake_max_;
  Chance chance_;
  testing::ConfigBuilder config_;
  ConfigRevision revision_;
  absl::Time now_;
  Audit audit_;
  std::vector<std::string> trace_;

  std::vector<LogEntry> log_;
  size_t read_ = 0;            // By this owner.
  size_t committed_read_ = 0;  // As committed.
  int64_t source_position_ = 0;
  int next_message_ = 0;

  std::unique_ptr<RoutingMachine> machine_;
  std::map<std::string, std::string> rows_;  // As committed.
  Effects pending_;
  int64_t incarnation_ = 0;

  std::map<std::string, SimAgent> agents_;  // By stream.
  std::vector<MessagePtr> questions_;
  std::map<CallId, Call> waiting_calls_;
  std::vector<Call> lost_calls_;
  CallId next_call_ = 1;
  int next_command_ = 1;
  bool is_quiet_ = false;
};

}  // namespace trama::routing::sim
