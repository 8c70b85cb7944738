#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/kernel/machine.h"
#include "services/routing/routing_machine.h"
#include "services/routing/testing/config_builder.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/outbound/v1/outbound_events.pb.h"
#include "trama/routing/v1/routing_service.pb.h"

namespace trama::routing::bench {

struct LoadSize {
  int agents = 1000;
  int queues = 50;
  int waiting = 20'000;
};

// What inputs of one kind have cost.
struct Cost {
  double seconds = 0;
  std::vector<float> each_us;
};

// A machine under load: all agents are full, so many conversations wait, and one life of a
// conversation after the other is played. Only the machine's own work is measured, in CPU time;
// what it costs to look at the clock is taken off.
class ConversationLives {
 public:
  explicit ConversationLives(const LoadSize& size);

  // One life as the engine sees it: the conversation opens and a second message comes; one that was
  // open before is answered (the delivery is attempting, sent, delivered), resolved, and its agent
  // accepts the next; the clocks of sla say four times what the engine only has to look at; and one
  // agent's heartbeat comes.
  void PlayOne();

  // CPU seconds of the lives since the last call, with the rows for the commits, and their inputs.
  std::pair<double, size_t> TakeTotal();
  // Of all lives, by kind of input.
  std::map<std::string, Cost>& costs() { return costs_; }

 private:
  template <typename Work>
  void Measure(const char* kind, Work work);
  void Run(const char* kind, const Input& input);
  void Call(const char* kind, const std::string& subject, MessagePtr request);
  void BringOnline(int agents);
  void Receive(const char* kind, int64_t customer);
  void NewMessage(const char* kind) { Receive(kind, ++customers_); }
  void AcceptAll(const char* kind);
  void Answer(const std::string& agent, const std::string& conversation);
  void Delivered(delivery::v1::Status status);
  void SlaSays();
  void Resolve(const std::string& agent, const std::string& conversation);
  void Heartbeat();
  void Commit();

  const LoadSize size_;
  const double clock_seconds_;  // What one look at the clock costs.
  testing::ConfigBuilder config_;
  RoutingMachine machine_{0};
  absl::Time now_ = absl::FromUnixSeconds(1'767'225'600);
  Effects effects_;                                       // Of the newest input.
  std::deque<std::pair<std::string, v1::Offer>> offers_;  // Agent and what he was offered.
  std::deque<std::pair<std::string, std::string>> held_;  // Agent and conversation, oldest first.
  outbound::v1::OutboundMessage sent_;                    // The newest answer.
  std::map<std::string, Cost> costs_;
  double seconds_ = 0;
  size_t inputs_ = 0;
  int64_t messages_ = 0;
  int64_t customers_ = 0;
  int64_t lives_ = 0;
  CallId calls_ = 0;
};

}  // namespace trama::routing::bench
