#include "services/routing/queueing.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/routing/publish.h"

namespace trama::routing {
namespace {

const QueueSettings* QueueFor(const WorkspaceSettings& settings, const v1::ConversationRow& row) {
  const auto it =
      std::find_if(settings.queues.begin(), settings.queues.end(),
                   [&](const QueueSettings& queue) { return Holds(queue.condition, row); });
  return it == settings.queues.end() ? nullptr : &*it;
}

void SetQueue(const QueueSettings* queue, v1::ConversationRow& row) {
  row.set_queue(queue == nullptr ? "" : queue->name);
  row.set_priority(queue == nullptr ? 0 : queue->priority);
  row.set_queue_in_doubt(false);
  row.set_reason(queue == nullptr
                     ? "no queue's condition holds; a queue without conditions would take it"
                     : absl::StrCat("queue ", queue->name, ": ", WhyHolds(queue->condition, row)));
}

void PublishQueued(State& state, Step& step, Conversation& conversation, bool is_new_entry) {
  const v1::ConversationRow& row = *conversation.row;
  const QueueSettings* queue = conversation.workspace->settings->FindQueue(row.queue());
  Publish(state, step, conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::Queued& queued = *event.mutable_queued();
    queued.set_queue(row.queue());
    queued.set_priority(row.priority());
    if (queue != nullptr) {
      for (const auto& [skill, proficiency] : queue->required_skills) {
        conversation::v1::RequiredSkill& required = *queued.add_required_skills();
        required.set_skill(skill);
        required.set_proficiency_min(proficiency);
      }
    }
    *queued.mutable_first_enqueued_at() = ToTimestamp(row.first_enqueued_at_ms());
    *queued.mutable_enqueued_at() = ToTimestamp(row.enqueued_at_ms());
    queued.set_reason(row.reason());
    queued.set_is_new_entry(is_new_entry);
  });
}

}  // namespace

void EnterQueue(State& state, Step& step, Conversation& conversation, int64_t enqueued_ms) {
  v1::ConversationRow& row = state.Edit(conversation);
  SetQueue(QueueFor(*conversation.workspace->settings, row), row);
  row.set_state(conversation::v1::STATE_QUEUED);
  if (row.first_enqueued_at_ms() == 0) row.set_first_enqueued_at_ms(enqueued_ms);
  row.set_enqueued_at_ms(enqueued_ms);
  row.clear_agent_id();
  row.clear_units();
  row.clear_exclusions();
  row.clear_ends_at_ms();
  PublishQueued(state, step, conversation, /*is_new_entry=*/true);
  state.Sync(conversation);
}

void EnterQueueAgain(State& state, Step& step, Conversation& conversation) {
  EnterQueue(state, step, conversation, step.now_ms);
}

void ChooseQueueAgain(State& state, Step& step, Conversation& conversation) {
  if (conversation.row->state() != conversation::v1::STATE_QUEUED) return;
  const QueueSettings* queue = QueueFor(*conversation.workspace->settings, *conversation.row);
  const std::string name = queue == nullptr ? "" : queue->name;
  if (name == conversation.row->queue()) {
    if (conversation.row->queue_in_doubt()) state.Edit(conversation).set_queue_in_doubt(false);
    return;
  }
  SetQueue(queue, state.Edit(conversation));
  PublishQueued(state, step, conversation, /*is_new_entry=*/false);
  state.Sync(conversation);
}

void Exclude(v1::ConversationRow& row, const std::string& agent_id, int64_t until_ms) {
  auto& list = *row.mutable_exclusions();
  const auto same = [&](const v1::Exclusion& each) { return each.agent_id() == agent_id; };
  list.erase(std::remove_if(list.begin(), list.end(), same), list.end());
  if (list.size() >= kExclusionsMax) list.erase(list.begin());
  v1::Exclusion& exclusion = *list.Add();
  exclusion.set_agent_id(agent_id);
  exclusion.set_until_ms(until_ms);
}

bool IsExcluded(const v1::ConversationRow& row, const std::string& agent_id) {
  return std::any_of(row.exclusions().begin(), row.exclusions().end(),
                     [&](const v1::Exclusion& each) { return each.agent_id() == agent_id; });
}

void DropEndedExclusions(v1::ConversationRow& row, int64_t now_ms) {
  auto& list = *row.mutable_exclusions();
  const auto over = [&](const v1::Exclusion& each) { return each.until_ms() <= now_ms; };
  list.erase(std::remove_if(list.begin(), list.end(), over), list.end());
}

void EndExclusions(State& state, Step& step, Conversation& conversation) {
  DropEndedExclusions(state.Edit(conversation), step.now_ms);
  state.Sync(conversation);
  state.MarkFresh(conversation);
}

}  // namespace trama::routing
