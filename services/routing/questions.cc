#include "services/routing/questions.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/kernel/text.h"
#include "services/routing/conversation_state.h"
#include "services/routing/publish.h"
#include "services/routing/queueing.h"
#include "trama/routing/v1/profile_question.pb.h"

namespace trama::routing {
namespace {

constexpr char kLanguageFact[] = "language";

// Sorted, bounded, cut to what a row may hold.
std::vector<v1::Fact> Bounded(const google::protobuf::Map<std::string, std::string>& facts) {
  std::vector<v1::Fact> bounded;
  for (const auto& [name, value] : facts) {
    if (name.empty() || name.size() > kFactMaxBytes) continue;
    v1::Fact& fact = bounded.emplace_back();
    fact.set_name(name);
    fact.set_value(std::string(TruncateUtf8(value, kFactMaxBytes)));
  }
  std::sort(bounded.begin(), bounded.end(),
            [](const v1::Fact& a, const v1::Fact& b) { return a.name() < b.name(); });
  if (bounded.size() > kFactsMax) bounded.resize(kFactsMax);
  return bounded;
}

bool SameFacts(const v1::ConversationRow& row, const std::vector<v1::Fact>& facts) {
  return std::equal(row.facts().begin(), row.facts().end(), facts.begin(), facts.end(),
                    [](const v1::Fact& a, const v1::Fact& b) {
                      return a.name() == b.name() && a.value() == b.value();
                    });
}

int64_t RetryPauseMs(int attempts) {
  constexpr int kDoublingsMax = 6;  // 64 s is above the longest pause.
  return std::min(kQuestionRetryMaxMs, kQuestionRetryMinMs << std::min(attempts, kDoublingsMax));
}

// Whose identifier is in question: the opener's facts come first.
const std::string& KeyToAsk(const Conversation& conversation) {
  const v1::ConversationRow& row = *conversation.row;
  return row.facts_pending() || !conversation.identifier ? row.identifier_key() : row.reply_key();
}

void TakeAddress(Conversation& conversation, const v1::ProfileQuestion& question,
                 const v1::ProfileAnswer& answer) {
  if (answer.identifier().value().empty()) return;
  const v1::ConversationRow& row = *conversation.row;
  if (question.identifier_key() == row.identifier_key() && !conversation.identifier) {
    conversation.identifier = answer.identifier();
  }
  if (question.identifier_key() == row.reply_key() && !conversation.reply_to) {
    conversation.reply_to =
        ReplyAddress{answer.identifier(), answer.address(), answer.display_name()};
  }
  if (question.want_subject() && !conversation.subject) conversation.subject = answer.subject();
}

void TakeFacts(State& state, Step& step, Conversation& conversation,
               const v1::ProfileQuestion& question, const v1::ProfileAnswer& answer) {
  if (question.identifier_key() != conversation.row->identifier_key()) return;
  // Profile may not have read the interaction yet; then there is nothing to know either.
  if (!answer.known() && !conversation.row->facts_pending()) return;
  const std::string customer_id =
      answer.known() ? answer.customer_id() : conversation.row->customer_id();
  LearnFacts(state, step, conversation, customer_id, answer.facts());
}

bool NeedsAnswer(const Conversation& conversation) {
  const v1::ConversationRow& row = *conversation.row;
  if (row.state() == conversation::v1::STATE_CLOSED || row.identifier_key().empty()) return false;
  return row.facts_pending() || !conversation.HasAddress();
}

}  // namespace

void AskSoon(State& state, const Step& step, Conversation& conversation) {
  if (conversation.asking || !NeedsAnswer(conversation)) return;
  state.asks.Set(conversation, step.now_ms);
}

void AskForAll(State& state, const Step& step) {
  for (const auto& [key, conversation] : state.awake()) {
    if (!conversation->row.is_at_hand()) continue;  // It only waits.
    const v1::ConversationRow& row = *conversation->row;
    if (HoldsCapacity(row.state()) || row.facts_pending()) AskSoon(state, step, *conversation);
  }
}

void Ask(State& state, Step& step, Conversation& conversation) {
  if (std::exchange(conversation.asking, false)) --state.questions_in_flight;  // It was lost.
  if (!NeedsAnswer(conversation)) {
    state.asks.Set(conversation, 0);
    return;
  }
  if (state.questions_in_flight >= kQuestionsInFlightMax) {
    state.asks.Set(conversation, step.now_ms + kQuestionPauseMs);
    return;
  }
  state.asks.Set(conversation, step.now_ms + kQuestionLostMs);
  auto question = std::make_shared<v1::ProfileQuestion>();
  question->set_workspace(conversation.row->workspace());
  question->set_conversation_id(conversation.row->conversation_id());
  question->set_identifier_key(KeyToAsk(conversation));
  question->set_want_subject(!conversation.subject);
  conversation.asking = true;
  ++state.questions_in_flight;
  step.effects.questions.push_back({.request = std::move(question)});
}

void OnAnswer(State& state, Step& step, const Answer& answer) {
  const auto& question = static_cast<const v1::ProfileQuestion&>(*answer.question);
  Conversation* conversation =
      state.FindConversation(question.workspace(), question.conversation_id());
  if (conversation == nullptr) return;
  if (std::exchange(conversation->asking, false)) --state.questions_in_flight;
  if (conversation->asks_ms == 0) return;  // Nobody needs it any more.
  if (answer.status.ok()) {
    const auto& found = static_cast<const v1::ProfileAnswer&>(*answer.response);
    TakeAddress(*conversation, question, found);
    TakeFacts(state, step, *conversation, question, found);
    state.Sync(*conversation);
  }
  if (!NeedsAnswer(*conversation)) {
    conversation->ask_attempts = 0;
    state.asks.Set(*conversation, 0);
    return;
  }
  const int attempts = conversation->ask_attempts++;
  state.asks.Set(*conversation, step.now_ms + RetryPauseMs(attempts));
}

void LearnFacts(State& state, Step& step, Conversation& conversation,
                const std::string& customer_id,
                const google::protobuf::Map<std::string, std::string>& facts) {
  const std::vector<v1::Fact> bounded = Bounded(facts);
  const bool were_pending = conversation.row->facts_pending();
  const bool is_same =
      SameFacts(*conversation.row, bounded) && conversation.row->customer_id() == customer_id;
  if (is_same && !were_pending) return;
  v1::ConversationRow& row = state.Edit(conversation);
  row.set_facts_pending(false);
  row.set_customer_id(customer_id);
  row.mutable_facts()->Assign(bounded.begin(), bounded.end());
  if (row.language().empty()) {
    const auto it = facts.find(kLanguageFact);
    if (it != facts.end()) row.set_language(LowerUtf8(TruncateUtf8(it->second, kFactMaxBytes)));
  }
  Publish(state, step, conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::FactsLearned& learned = *event.mutable_facts_learned();
    for (const v1::Fact& fact : row.facts()) (*learned.mutable_facts())[fact.name()] = fact.value();
    learned.set_were_pending(were_pending);
  });
  // By the placement: a conversation in its first step has no queue to leave yet.
  if (conversation.placement.state == conversation::v1::STATE_QUEUED) {
    ChooseQueueAgain(state, step, conversation);
  } else if (conversation.placement.state == conversation::v1::STATE_OFFERED) {
    row.set_queue_in_doubt(true);
  }
}

}  // namespace trama::routing
