#include "services/routing/messages.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/kernel/ids.h"
#include "services/kernel/text.h"
#include "services/kernel/trace_context.h"
#include "services/routing/conversation_state.h"
#include "services/routing/life.h"
#include "services/routing/publish.h"
#include "services/routing/questions.h"
#include "services/routing/queueing.h"
#include "services/routing/replies.h"
#include "services/routing/threading.h"

namespace trama::routing {
namespace {

using interaction::v1::Consent;
using interaction::v1::Interaction;

constexpr size_t kLanguageMaxBytes = 35;  // BCP 47 asks programs to bear at least this.

// When we received it; never after now, and not so long ago that it would pass everybody.
int64_t ReceivedMs(const Step& step, const Interaction& message) {
  if (!message.has_received_at()) return step.now_ms;
  return std::clamp(ToUnixMs(message.received_at()), step.now_ms - kAgeMaxMs, step.now_ms);
}

// Notes where intake stands. False when this position was passed before: its record was taken in
// then, unless something is wrong.
bool AdvanceSource(State& state, const v1::Source& source) {
  if (source.topic().empty()) return true;
  const std::string key = absl::StrCat(source.topic(), "/", source.partition());
  const v1::SourceRow* row = state.sources.Find(key);
  if (row != nullptr && source.offset() < row->next_offset()) return false;
  state.sources.Put(key).set_next_offset(source.offset() + 1);
  return true;
}

void AddParticipant(v1::ConversationRow& row, const std::string& key) {
  if (key.empty() || TakesPart(row, key)) return;
  if (row.participant_keys_size() < kParticipantsMax) row.add_participant_keys(key);
}

// How long whoever wrote last may be answered freely: a message that comes in late, behind a newer
// one, does not make it shorter.
void NoteWindow(const Interaction& message, v1::ConversationRow& row) {
  if (!message.has_session_window_until()) return;
  row.set_session_window_until_ms(
      std::max(row.session_window_until_ms(), ToUnixMs(message.session_window_until())));
}

// The trace that the answer goes on with. What nobody looks at is not kept.
void NoteTrace(Step& step, v1::ConversationRow& row) {
  const std::optional<TraceContext> came_with = ParseTraceparent(step.came_with);
  if (came_with && came_with->sampled) {
    row.set_traceparent(step.Traceparent());
  } else {
    row.clear_traceparent();
  }
}

// Who wrote, under which ids, and how he is answered.
void NoteSender(State& state, Step& step, Conversation& conversation, const v1::Work& work) {
  const Interaction& message = work.interaction();
  v1::ConversationRow& row = state.Edit(conversation);
  state.threads.AddThreadKey(conversation.hash, row, work.keys().thread());
  state.threads.AddVendorId(conversation.hash, row, message.vendor_message_id());
  // An out-of-office reply must not become the one who is answered.
  if (message.automatic() && !row.reply_key().empty()) return;
  AddParticipant(row, work.keys().sender());
  for (const std::string& key : work.keys().participants()) AddParticipant(row, key);
  row.set_last_inbound_vendor_id(message.vendor_message_id());
  row.set_reply_key(work.keys().sender());
  NoteWindow(message, row);
  NoteTrace(step, row);
  const interaction::v1::Sender& sender = message.sender();
  conversation.reply_to =
      ReplyAddress{sender.identifier(), sender.address(), sender.display_name()};
  if (row.identifier_key() == work.keys().sender()) conversation.identifier = sender.identifier();
  if (!message.subject().empty() || !conversation.subject) {
    conversation.subject = std::string(TruncateUtf8(message.subject(), kSubjectMaxBytes));
  }
}

void NoteFacts(State& state, Step& step, Conversation& conversation, const v1::Work& work) {
  // Facts are those of who opened it.
  if (work.keys().sender() != conversation.row->identifier_key()) return;
  if (!work.facts().pending()) {
    LearnFacts(state, step, conversation, work.facts().customer_id(), work.facts().values());
  }
}

Conversation& Open(State& state, Step& step, const v1::Work& work, const std::string& hint,
                   conversation::v1::State first_state) {
  const Interaction& message = work.interaction();
  Workspace& workspace = state.WorkspaceOf(message.workspace());
  const std::string id = DerivedId(message.interaction_id(), "conversation");
  Conversation& conversation = state.AddConversation(workspace, id, message.channel());
  v1::ConversationRow& row = state.Edit(conversation);
  row.set_channel_account(message.channel_account());
  row.set_state(first_state);
  row.set_opened_at_ms(step.now_ms);
  row.set_customer_id(work.facts().customer_id());
  row.set_identifier_key(work.keys().sender());
  row.set_language(LowerUtf8(TruncateUtf8(message.language(), kLanguageMaxBytes)));
  if (first_state == conversation::v1::STATE_UNATTENDED) {
    row.set_ends_at_ms(step.now_ms + workspace.settings->reopen_window_ms);
    row.set_reason("no person has written yet");
  }
  NoteSender(state, step, conversation, work);
  Publish(state, step, conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::Opened& opened = *event.mutable_opened();
    opened.set_interaction_id(message.interaction_id());
    *opened.mutable_received_at() = ToTimestamp(ReceivedMs(step, message));
    opened.set_possible_thread(hint);
  });
  return conversation;
}

void PublishReceived(State& state, Step& step, Conversation& conversation,
                     const Interaction& message) {
  v1::ConversationRow& row = state.Edit(conversation);
  row.set_last_message_at_ms(step.now_ms);
  row.set_inbound_count(row.inbound_count() + 1);
  if (!message.automatic() && row.first_received_at_ms() == 0) {
    row.set_first_received_at_ms(ReceivedMs(step, message));
  }
  Publish(state, step, conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::MessageReceived& received = *event.mutable_message_received();
    received.set_interaction_id(message.interaction_id());
    *received.mutable_received_at() = ToTimestamp(ReceivedMs(step, message));
    received.set_automatic(message.automatic());
  });
}

// Whoever has the conversation reads what is new on the timeline.
void TellHolder(Step& step, const Conversation& conversation, const std::string& interaction_id) {
  const conversation::v1::State now = conversation.row->state();
  if (now != conversation::v1::STATE_ASSIGNED && now != conversation::v1::STATE_WRAPPING) return;
  v1::AgentUpdate update;
  update.mutable_message()->set_conversation_id(conversation.row->conversation_id());
  update.mutable_message()->set_interaction_id(interaction_id);
  update.mutable_message()->set_traceparent(conversation.row->traceparent());
  Tell(step, *conversation.placement.holder, std::move(update));
}

// The conversation that takes the message: an open one, one that goes on, or a new one.
Conversation& Receive(State& state, Step& step, const v1::Work& work,
                      conversation::v1::State state_of_new) {
  ThreadMatch match = FindThread(state, work);
  if (match.conversation != nullptr) {
    const v1::ConversationRow& row = *match.conversation->row;
    const bool is_late =
        IsEnding(row.state()) && ReceivedMs(step, work.interaction()) >= row.ends_at_ms();
    if (is_late) {
      Step by_system = step.BySystem();
      Close(state, by_system, *match.conversation, "reopen_window_over");
      match = {nullptr, row.conversation_id()};
    }
  }
  const bool is_new = match.conversation == nullptr;
  Conversation& conversation =
      is_new ? Open(state, step, work, match.possible_thread, state_of_new) : *match.conversation;
  if (!is_new) NoteSender(state, step, conversation, work);
  NoteFacts(state, step, conversation, work);
  if (is_new && work.facts().pending()) {
    state.Edit(conversation).set_facts_pending(true);
    AskSoon(state, step, conversation);
  }
  return conversation;
}

void OnMessage(State& state, Step& step, const v1::Work& work, std::string& conversation_id) {
  const Interaction& message = work.interaction();
  const bool is_automatic = message.automatic();
  Conversation& conversation =
      Receive(state, step, work,
              is_automatic ? conversation::v1::STATE_UNATTENDED : conversation::v1::STATE_QUEUED);
  conversation_id = conversation.row->conversation_id();
  const conversation::v1::State was = conversation.row->state();
  // Still in its first step: it stands nowhere yet.
  const bool is_new = conversation.placement.state == conversation::v1::STATE_UNSPECIFIED;
  const bool is_over = was == conversation::v1::STATE_RESOLVED ||
                       was == conversation::v1::STATE_WRAPPING ||
                       was == conversation::v1::STATE_ABANDONED;
  const bool is_entry = is_new || is_over || was == conversation::v1::STATE_UNATTENDED;
  if (!is_automatic && is_over) {
    Reopen(state, step, conversation, message.interaction_id(), ReceivedMs(step, message));
  }
  PublishReceived(state, step, conversation, message);
  TellHolder(step, conversation, message.interaction_id());
  if (!is_automatic && is_entry) {
    const auto matched = MatchPhrases(conversation.workspace->settings->phrases, message);
    state.Edit(conversation).mutable_matched_phrases()->Assign(matched.begin(), matched.end());
    EnterQueue(state, step, conversation, ReceivedMs(step, message));
  }
  state.Sync(conversation);
}

void OnConsent(State& state, Step& step, const v1::Work& work, std::string& conversation_id) {
  const Interaction& message = work.interaction();
  Conversation& conversation = Receive(state, step, work, conversation::v1::STATE_UNATTENDED);
  conversation_id = conversation.row->conversation_id();
  const Consent& consent = message.consent();
  // Other purposes (marketing) do not forbid an answer.
  if (consent.purpose().empty() || consent.purpose() == message.channel()) {
    const std::string key = OptedOutKey(*conversation.row, work.keys().sender());
    if (consent.action() == Consent::ACTION_OPT_OUT) {
      v1::OptedOutRow& row = state.opted_out.Put(key);
      row.set_since_ms(step.now_ms);
      row.set_interaction_id(message.interaction_id());
    } else if (consent.action() == Consent::ACTION_OPT_IN) {
      state.opted_out.Erase(key);
    }
  }
  Publish(state, step, conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::ConsentChanged& changed = *event.mutable_consent_changed();
    changed.set_interaction_id(message.interaction_id());
    changed.set_action(consent.action());
    changed.set_purpose(consent.purpose());
  });
  TellHolder(step, conversation, message.interaction_id());
  state.Sync(conversation);
}

// Edits, reactions, fetched media: the timeline has changed, nothing else.
void OnAmendment(State& state, Step& step, const v1::Work& work, std::string& conversation_id) {
  const Interaction& message = work.interaction();
  const v1::SeenRow* seen =
      state.seen.Find(RowKey(message.workspace(), message.amends_interaction_id()));
  Conversation* conversation =
      seen == nullptr || seen->conversation_id().empty()
          ? FindThread(state, work).conversation  // A reaction to a message of ours.
          : state.FindConversation(message.workspace(), seen->conversation_id());
  if (conversation == nullptr) return;
  conversation_id = conversation->row->conversation_id();
  TellHolder(step, *conversation, message.interaction_id());
}

// We have written, though not through here: later answers may refer to it.
void OnForeignOutbound(State& state, Step& step, const v1::Work& work,
                       std::string& conversation_id) {
  const ThreadMatch match = FindThread(state, work);
  if (match.conversation == nullptr) return;
  conversation_id = match.conversation->row->conversation_id();
  state.threads.AddVendorId(match.conversation->hash, state.Edit(*match.conversation),
                            work.interaction().vendor_message_id());
  TellHolder(step, *match.conversation, work.interaction().interaction_id());
}

void Dispatch(State& state, Step& step, const v1::Work& work, std::string& conversation_id) {
  const Interaction& message = work.interaction();
  switch (message.kind()) {
    case interaction::v1::KIND_TYPING:
    case interaction::v1::KIND_READ:
      return;
    case interaction::v1::KIND_REACTION:
    case interaction::v1::KIND_EDIT:
    case interaction::v1::KIND_DELETE:
    case interaction::v1::KIND_MEDIA:
      return OnAmendment(state, step, work, conversation_id);
    case interaction::v1::KIND_CONSENT:
      return OnConsent(state, step, work, conversation_id);
    default:
      // Whatever else a customer sent, a person has to look at it.
      if (message.direction() == interaction::v1::DIRECTION_OUTBOUND) {
        return OnForeignOutbound(state, step, work, conversation_id);
      }
      return OnMessage(state, step, work, conversation_id);
  }
}

}  // namespace

void OnWork(State& state, Step& step, const LogEntry& entry) {
  const auto& work = static_cast<const v1::Work&>(*entry.message);
  const Interaction& message = work.interaction();
  if (message.workspace().empty() || message.interaction_id().empty()) {
    PublishDeadLetter(step, entry, "the interaction has no workspace or no id");
    return;
  }
  const std::string key = RowKey(message.workspace(), message.interaction_id());
  const bool was_seen = state.seen.Find(key) != nullptr;
  if (!AdvanceSource(state, work.source())) {
    if (was_seen) return;
    // It cannot have been taken in, and intake brings each position in order: somebody has to look.
    PublishDeadLetter(step, entry,
                      "its position was passed before, but its interaction is unknown; requeue it");
    return;
  }
  if (was_seen) return;
  std::string conversation_id;
  Dispatch(state, step, work, conversation_id);
  state.seen.Add(key, conversation_id, step.now_ms);
}

}  // namespace trama::routing
