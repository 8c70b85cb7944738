#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/kernel/machine.h"
#include "trama/agent/v1/agent_events.pb.h"
#include "trama/config/v1/resources.pb.h"
#include "trama/conversation/v1/conversation_events.pb.h"
#include "trama/routing/v1/work.pb.h"

namespace trama::routing::sim {

// A second opinion: reads only what the engine has published, keeps a simple model of its own and
// says what does not make sense. It shares no code with the engine and looks at everybody for every
// decision.
class Audit {
 public:
  // What the configuration of the simulation says.
  static constexpr int kUnits = 25;  // Of every conversation.
  static constexpr int64_t kReopenWindowMs = 600'000;
  static constexpr int64_t kHeartbeatTimeoutMs = 60'000;

  // What every revision says, before it is used.
  void KnowRevision(int64_t revision, const config::v1::Snapshot& snapshot);
  // A record that intake has brought, repeats included.
  void KnowWork(const v1::Work& work);
  // Somebody owns the partition anew: open offers run anew.
  void KnowTakeover(int64_t now_ms);
  // The answer that an agent ("<workspace>/<name>") got who accepted an offer.
  void KnowAccept(const std::string& agent, const std::string& offer_id, bool ok,
                  const std::string& reason);

  // A committed record, in order.
  void Read(const OutRecord& record);

  // Everything was read and nothing waits: has every message been taken in?
  void CheckComplete();
  // Conversations that somebody still has to do something about.
  int open_count() const;

  // What was wrong, in words; empty when nothing was.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  using Event = conversation::v1::ConversationEvent;

  struct Queue {
    std::map<std::string, int32_t> skills;
  };
  struct Worker {
    std::map<std::string, int32_t> skills;
    std::set<std::string> queues;
    int32_t units = 0;
  };
  struct Configuration {  // By "<workspace>/<name>".
    std::map<std::string, Queue> queues;
    std::map<std::string, Worker> workers;
  };
  struct Conversation {
    std::string id;
    std::string workspace;
    std::string channel;
    std::string unattended;  // The newest message of a person that nobody has dealt with.
    std::string customer;    // Who writes; in the simulation a thread is one person's.
    conversation::v1::State state = conversation::v1::STATE_UNSPECIFIED;
    int64_t sequence = 0;
    std::string queue;
    int64_t priority = 0;
    int64_t first_enqueued_ms = 0;
    int64_t enqueued_ms = 0;
    std::string agent;
    std::string offer_id;
    int64_t offer_expires_ms = 0;
    int64_t accepted_ms = 0;
    int64_t ends_ms = 0;         // When its reopen window is over.
    int64_t wraps_until_ms = 0;  // 0: for as long as the agent likes.
    std::map<std::string, int64_t> excluded_until_ms;
  };
  struct Agent {
    agent::v1::Presence presence = agent::v1::PRESENCE_OFFLINE;
    int64_t idle_since_ms = 0;
    int64_t last_accepted_ms = 0;
    std::set<std::string> offered;
    std::set<std::string> load;
    int32_t units() const { return kUnits * static_cast<int32_t>(offered.size() + load.size()); }
  };

  template <typename... Parts>
  void Complain(const Event& event, const Parts&... parts);

  void ReadConversation(const OutRecord& record);
  void ReadAgent(const OutRecord& record);
  void ReadOutbound(const OutRecord& record);
  void ReadFact(const Event& event, Conversation& conversation);
  void OnMessage(const Event& event, Conversation& conversation);
  void OnQueued(const Event& event, Conversation& conversation);
  void OnOffered(const Event& event, Conversation& conversation);
  void OnOfferEnded(const Event& event, Conversation& conversation);
  void OnAccepted(const Event& event, Conversation& conversation);
  void OnClosed(const Event& event, const Conversation& conversation);
  void OnWrapUpCompleted(const Event& event, Conversation& conversation);

  // The rules, read plainly.
  bool MayTake(const Configuration& config, const Conversation& conversation,
               const std::string& agent_key, int64_t now_ms) const;
  bool Before(const Conversation& a, const Conversation& b) const;
  bool AgentBefore(const std::string& a, const std::string& b) const;

  std::map<int64_t, Configuration> configurations_;
  std::map<std::string, v1::Work> works_;        // By interaction id.
  std::map<std::string, std::string> taken_in_;  // Interaction id → conversation id.
  std::map<std::string, Conversation> conversations_;
  std::map<std::string, Agent> agents_;
  std::map<std::string, std::string> newest_of_thread_;
  std::set<std::string> record_ids_;
  std::map<std::string, std::string> accepted_by_;  // Offer id → agent.
  std::set<std::string> answers_;                   // Texts; each is said once.
  int64_t taken_over_ms_ = 0;
  std::vector<std::string> complaints_;
};

}  // namespace trama::routing::sim
