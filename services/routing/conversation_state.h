#pragma once

#include <cstdint>
#include <string_view>

#include "trama/conversation/v1/conversation_events.pb.h"
#include "trama/routing/v1/routing_rows.pb.h"

// What the states of a conversation mean to the engine.
namespace trama::routing {

// Does it hold units of an agent?
inline bool HoldsCapacity(conversation::v1::State state) {
  return state == conversation::v1::STATE_OFFERED || state == conversation::v1::STATE_ASSIGNED ||
         state == conversation::v1::STATE_WRAPPING;
}

// Does it stand for work that is to be done?
inline bool IsInLine(conversation::v1::State state) {
  return state == conversation::v1::STATE_QUEUED || state == conversation::v1::STATE_OFFERED ||
         state == conversation::v1::STATE_ASSIGNED;
}

// Is it over, unless a message comes before its `ends_at_ms`?
inline bool IsEnding(conversation::v1::State state) {
  return state == conversation::v1::STATE_RESOLVED || state == conversation::v1::STATE_ABANDONED ||
         state == conversation::v1::STATE_UNATTENDED;
}

// Is there nothing left to do for it but to wait? Such a conversation can be made anew from its
// row.
inline bool MayRest(const v1::ConversationRow& row) {
  const bool is_over = IsEnding(row.state()) || row.state() == conversation::v1::STATE_CLOSED;
  return is_over && !row.facts_pending();
}

// Is it a conversation that only waits in its queue, which nobody has to look at after a takeover?
inline bool OnlyWaits(const v1::ConversationRow& row) {
  return row.state() == conversation::v1::STATE_QUEUED && !row.facts_pending();
}

// When the clock alone changes it next; 0 for never. The end of a reopen window is not among these:
// it has to wait for the log.
int64_t WakesAtMs(const v1::ConversationRow& row);
// The end of its reopen window; 0 when there is none.
int64_t ClosesAtMs(const v1::ConversationRow& row);

// "QUEUED" … for texts.
std::string_view StateName(conversation::v1::State state);

}  // namespace trama::routing
