#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/grpc/client.h"
#include "services/platform/kafka/consumer.h"
#include "tools/loadgen/reconcile.h"
#include "tools/loadgen/world.h"
#include "trama/conversation/v1/conversation_events.pb.h"

namespace trama::loadgen {

// Collects the evidence: made before the run, so that only what comes later counts. One thread.
class Witness {
 public:
  static absl::StatusOr<std::unique_ptr<Witness>> Make(const World& world);

  // Conversations of the workspace that wait or are with an agent.
  absl::StatusOr<int64_t> OpenConversations();
  // From here on reports are counted.
  absl::Status Begin();
  // All there is now. May be asked again; the topics are read on from where it was.
  absl::StatusOr<Evidence> Look(const Ledger::State& ledger);

 private:
  struct Counts {
    int64_t in = 0;
    int64_t out = 0;
    int64_t resolved = 0;
  };

  explicit Witness(const World& world) : world_(world) {}
  absl::Status OpenTopics();
  absl::Status ReadTopics();
  void Take(const platform::Record& record);
  void Take(const conversation::v1::ConversationEvent& event);
  absl::StatusOr<Counts> Count();
  // Customers whose timelines are not known to be complete.
  struct Customer {
    std::string key;
    types::v1::Identifier identifier;
  };
  std::vector<Customer> Incomplete(const Ledger::State& ledger);
  // Source id → entries that stand for it.
  absl::StatusOr<std::map<std::string, int>> TimelineOf(
      const types::v1::Identifier& customer) const;
  absl::Status ReadTimelines(const Ledger::State& ledger);

  const World& world_;
  std::unique_ptr<platform::Consumer> topics_;
  std::shared_ptr<platform::Peer> routing_;
  std::shared_ptr<platform::Peer> profile_;
  std::shared_ptr<platform::Peer> reporting_;
  Counts before_;
  Evidence evidence_;
  std::set<std::string> events_;                // Of conversations, seen.
  std::map<std::string, std::string> holders_;  // Conversation → agent.
  // Customer → source id → entries.
  std::map<std::string, std::map<std::string, int>> timelines_;
};

}  // namespace trama::loadgen
