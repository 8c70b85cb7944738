#include "services/reporting/agent_time.h"

#include <algorithm>
#include <vector>

#include "google/protobuf/util/time_util.h"

namespace trama::reporting {
namespace {

using google::protobuf::util::TimeUtil;

constexpr int64_t kBucketMs = kBucketSeconds * 1000;

const char* PresenceCounter(agent::v1::Presence presence) {
  switch (presence) {
    case agent::v1::PRESENCE_AVAILABLE:
      return counter::kAvailableMs;
    case agent::v1::PRESENCE_BUSY:
      return counter::kBusyMs;
    case agent::v1::PRESENCE_AWAY:
      return counter::kAwayMs;
    default:
      return nullptr;
  }
}

// The time of one state, from where it was counted to `until_ms`, in the buckets in which it
// passed.
void AddSpan(const AgentKey& agent, const v1::AgentState& state, int64_t until_ms,
             std::vector<Increment>& increments) {
  const char* presence = PresenceCounter(state.presence());
  if (state.counted_until_ms() == 0 || presence == nullptr) return;
  int64_t from_ms =
      std::max(state.counted_until_ms(), until_ms - absl::ToInt64Milliseconds(kStateMax));
  while (from_ms < until_ms) {
    const int64_t bucket_ms = from_ms - from_ms % kBucketMs;
    const int64_t to_ms = std::min(until_ms, bucket_ms + kBucketMs);
    Group group;
    group.workspace = agent.first;
    group.bucket = bucket_ms / 1000;
    group.agent_id = agent.second;
    const int64_t passed_ms = to_ms - from_ms;
    increments.push_back({group, presence, passed_ms});
    if (state.held() > 0) {
      increments.push_back({group, counter::kContactMs, passed_ms});
    } else if (state.presence() == agent::v1::PRESENCE_AVAILABLE) {
      increments.push_back({group, counter::kIdleMs, passed_ms});
    }
    from_ms = to_ms;
  }
}

}  // namespace

void Fold(const agent::v1::AgentEvent& event, AgentStates& states, Folded& folded) {
  const AgentKey key{event.workspace(), event.agent_id()};
  v1::AgentState& state = states[key];
  const int64_t at_ms =
      std::max(TimeUtil::TimestampToMilliseconds(event.occurred_at()), state.counted_until_ms());
  AddSpan(key, state, at_ms, folded.increments);
  state.set_counted_until_ms(at_ms);
  if (event.has_presence_changed()) {
    state.set_presence(event.presence_changed().to());
    state.set_presence_reason(event.presence_changed().reason());
    state.set_presence_since_ms(at_ms);
  } else if (event.has_load_changed()) {
    int32_t held = 0;
    for (const auto& [channel, count] : event.load_changed().held_by_channel()) held += count;
    state.set_held(held);
  }
  folded.agents[key] = state;
}

void AddRunning(const AgentStates& states, absl::Time now, CountersByGroup& counted) {
  std::vector<Increment> increments;
  for (const auto& [key, state] : states) {
    AddSpan(key, state, absl::ToUnixMillis(now), increments);
  }
  for (const Increment& increment : increments) {
    counted[increment.group][increment.counter] += increment.by;
  }
}

}  // namespace trama::reporting
