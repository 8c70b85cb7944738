#pragma once

#include <cstdint>

#include "services/routing/state.h"
#include "services/routing/step.h"

// Which queue a conversation waits in.
namespace trama::routing {

// A message wants an answer: the conversation waits from `enqueued_ms` on in the queue that takes
// it. A new entry, to be counted; the age of an earlier one survives.
void EnterQueue(State& state, Step& step, Conversation& conversation, int64_t enqueued_ms);

// The agent who had it is gone: it waits again, as a new entry with its age.
void EnterQueueAgain(State& state, Step& step, Conversation& conversation);

// Facts, or the configuration, may put a waiting conversation into another queue. It keeps its
// place by age. Nothing happens when the queue stays the same.
void ChooseQueueAgain(State& state, Step& step, Conversation& conversation);

// What the engine remembers of who must not be asked again for it yet. An exclusion stands until it
// is dropped, also when its time is over: whoever may be asked again must be looked at as such, and
// a conversation becomes fresh by the drop alone.
void Exclude(v1::ConversationRow& row, const std::string& agent_id, int64_t until_ms);
bool IsExcluded(const v1::ConversationRow& row, const std::string& agent_id);
// For a conversation that enters a line after this.
void DropEndedExclusions(v1::ConversationRow& row, int64_t now_ms);
// Some exclusion of a waiting conversation is over: it may be offered again.
void EndExclusions(State& state, Step& step, Conversation& conversation);

}  // namespace trama::routing
