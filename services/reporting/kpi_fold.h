#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/reporting/service_levels.h"
#include "trama/conversation/v1/conversation_events.pb.h"
#include "trama/reporting/v1/reporting_state.pb.h"
#include "trama/sla/v1/sla_events.pb.h"

// What one event adds to the counters. Every event is folded on its own: what needs a join (how
// long it waited, whether it was the first reply) routing has put into the event.
namespace trama::reporting {

// Counted per quarter of an hour, so that hours and days of every zone on earth can be summed.
inline constexpr int64_t kBucketSeconds = 900;

// The names of counters, as they stand in Redis; a contract with what is already counted there.
namespace counter {
inline constexpr char kOffered[] = "offered";
inline constexpr char kAnswered[] = "answered";
inline constexpr char kAnsweredInThreshold[] = "in_threshold";
inline constexpr char kWaitMs[] = "wait_ms";
inline constexpr char kAbandoned[] = "abandoned";
inline constexpr char kShortAbandoned[] = "short_abandoned";
inline constexpr char kHandled[] = "handled";
inline constexpr char kHandleMs[] = "handle_ms";
inline constexpr char kFirstResponses[] = "first_responses";
inline constexpr char kFirstResponseMs[] = "first_response_ms";
inline constexpr char kMessagesIn[] = "messages_in";
inline constexpr char kMessagesOut[] = "messages_out";
inline constexpr char kOpened[] = "opened";
inline constexpr char kResolved[] = "resolved";
inline constexpr char kReopened[] = "reopened";
inline constexpr char kDeclined[] = "declined";
inline constexpr char kTimedOut[] = "timed_out";
inline constexpr char kSlaBreached[] = "sla_breached";
inline constexpr char kSlaFulfilled[] = "sla_fulfilled";
inline constexpr char kDelivered[] = "delivered";
inline constexpr char kDeliveryFailed[] = "delivery_failed";
// The time of an agent, in groups without channel and queue.
inline constexpr char kContactMs[] = "contact_ms";
inline constexpr char kIdleMs[] = "idle_ms";
inline constexpr char kAvailableMs[] = "available_ms";
inline constexpr char kBusyMs[] = "busy_ms";
inline constexpr char kAwayMs[] = "away_ms";
}  // namespace counter

// One group of counters in one bucket.
struct Group {
  std::string workspace;
  int64_t bucket = 0;  // Unix seconds, a multiple of kBucketSeconds.
  std::string channel;
  std::string queue;
  std::string agent_id;

  friend auto operator<=>(const Group&, const Group&) = default;
};

struct Increment {
  Group group;
  std::string counter;
  int64_t by = 0;
};

// Where a conversation stands after an event, for the live figures.
struct LiveChange {
  std::string workspace;
  std::string conversation_id;
  std::string channel;
  std::string queue;
  bool open = false;     // Somebody has to deal with it.
  bool waiting = false;  // Nobody does yet.
};

using AgentKey = std::pair<std::string, std::string>;  // Workspace, agent.
using AgentStates = std::map<AgentKey, v1::AgentState>;

struct Folded {
  std::vector<Increment> increments;
  std::vector<LiveChange> live;
  AgentStates agents;  // Those that changed, as they are now.
};

void Fold(const conversation::v1::ConversationEvent& event, const ServiceLevels& levels,
          Folded& folded);
void Fold(const sla::v1::SlaEvent& event, Folded& folded);

}  // namespace trama::reporting
