#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tools/loadgen/ledger.h"

namespace trama::loadgen {

// What stands in Trama after a run, as read through its public topics and services.
struct Evidence {
  // trama.interactions.v1: the vendor's id → interaction ids, each once however often it stands
  // there.
  std::map<std::string, std::set<std::string>> interactions;
  // trama.conversations.v1: interaction id → the conversations that received it, a repeat twice.
  std::map<std::string, std::vector<std::string>> received;
  std::map<std::string, std::string> opened;  // Conversation → the interaction that opened it.
  int64_t resolved = 0;                       // "resolved" events.
  int64_t replies_sent = 0;                   // "reply_sent" events.
  std::set<std::string> delivered;            // Messages of which vendors told that they are.
  std::map<std::string, int64_t> unfinished;  // Conversations that nobody resolved → state.
  // Owners at once (invariant I3): what was seen, in words.
  std::vector<std::string> two_owners;
  // ProfileService: source id → entries of that customer's timeline that stand for it.
  std::map<std::string, int> timeline;
  // ReportingService, since the begin of the run.
  int64_t counted_in = 0;
  int64_t counted_out = 0;
  int64_t counted_resolved = 0;
};

// One thing that is not as it must be.
struct Difference {
  std::string where;  // "interactions", "conversations", "timeline", "counted", "delivered" …
  std::string id;
  std::string what;
};

// Compares what was sent and answered with what Trama knows: everything that was answered with
// success is there exactly once, everywhere, and nothing else is. What was never answered may be
// there or not, but not in one place and missing in another. `has_others`: somebody else writes to
// the workspace, too; what is there of him is no difference.
std::vector<Difference> Reconcile(const Ledger::State& ledger, const Evidence& evidence,
                                  bool has_others = false);

}  // namespace trama::loadgen
