#pragma once

#include <string>

#include "services/routing/state.h"
#include "trama/routing/v1/work.pb.h"

namespace trama::routing {

// Where a message belongs.
struct ThreadMatch {
  Conversation* conversation = nullptr;  // Null: it opens a new one.
  std::string possible_thread;           // A conversation on evidence too weak to join it.
};

// The rules of B8, in this order:
//   1. A token of ours, which only an answer to our message can carry.
//   2. A reference to a message that we know, of the same channel account, from somebody who takes
//      part: a Message-ID can be known to strangers, for example when the mail was passed on.
//   3. The channel's own key. When the message refers to others, rule 2's condition holds here too.
// A conversation that is CLOSED takes nothing more; it becomes a hint.
ThreadMatch FindThread(State& state, const v1::Work& work);

// Does the sender take part in it?
bool TakesPart(const v1::ConversationRow& row, const std::string& key);

}  // namespace trama::routing
