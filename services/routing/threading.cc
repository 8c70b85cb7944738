#include "services/routing/threading.h"

#include <algorithm>

namespace trama::routing {
namespace {

using interaction::v1::ThreadEvidence;

// Conversations of other channels are no threads of this one, whatever a token says.
Conversation* ByToken(State& state, const interaction::v1::Interaction& message,
                      const std::string& token) {
  Conversation* conversation = state.FindConversation(message.workspace(), token);
  if (conversation == nullptr || conversation->row->channel() != message.channel()) return nullptr;
  return conversation;
}

bool IsClosed(const Conversation& conversation) {
  return conversation.row->state() == conversation::v1::STATE_CLOSED;
}

}  // namespace

bool TakesPart(const v1::ConversationRow& row, const std::string& key) {
  return std::find(row.participant_keys().begin(), row.participant_keys().end(), key) !=
         row.participant_keys().end();
}

ThreadMatch FindThread(State& state, const v1::Work& work) {
  const interaction::v1::Interaction& message = work.interaction();
  ThreadMatch match;
  // True when the search is over.
  const auto consider = [&](Conversation* found, bool is_proof) {
    if (found == nullptr) return false;
    if (!IsClosed(*found) && (is_proof || TakesPart(*found->row, work.keys().sender()))) {
      match.conversation = found;
      match.possible_thread.clear();
      return true;
    }
    if (match.possible_thread.empty()) match.possible_thread = found->row->conversation_id();
    return false;
  };
  for (const ThreadEvidence& evidence : message.thread_evidence()) {
    if (evidence.kind() != ThreadEvidence::KIND_SIGNED_TOKEN) continue;
    if (consider(ByToken(state, message, evidence.value()), /*is_proof=*/true)) return match;
  }
  bool refers = false;
  for (const ThreadEvidence& evidence : message.thread_evidence()) {
    if (evidence.kind() != ThreadEvidence::KIND_REFERENCE) continue;
    refers = true;
    Conversation* found =
        state.FindByVendorId(message.workspace(), message.channel_account(), evidence.value());
    if (consider(found, /*is_proof=*/false)) return match;
  }
  consider(state.FindByThreadKey(message.workspace(), work.keys().thread()),
           /*is_proof=*/!refers);
  return match;
}

}  // namespace trama::routing
