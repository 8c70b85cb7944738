#include "services/routing/replies.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/errors.h"
#include "services/kernel/ids.h"
#include "services/kernel/text.h"
#include "services/routing/life.h"
#include "services/routing/publish.h"
#include "services/routing/questions.h"
#include "services/routing/refusals.h"
#include "services/routing/views.h"

namespace trama::routing {
namespace {

absl::Status CheckParts(const v1::ReplyRequest& request) {
  if (request.parts().empty()) {
    return InvalidField("parts", "", "must hold at least one text or file");
  }
  if (request.parts_size() > kReplyPartsMax) {
    return InvalidField("parts", "", absl::StrCat("may hold at most ", kReplyPartsMax, " parts"));
  }
  size_t text_bytes = 0;
  for (const v1::ReplyPart& part : request.parts()) {
    if (part.has_template_() || part.has_interactive()) {
      text_bytes += part.ByteSizeLong();
      if (request.parts_size() > 1) {
        return InvalidField("parts", "", "hold a template or choices, which must stand alone");
      }
    } else if (part.has_text()) {
      text_bytes += part.text().body().size();
      if (part.text().body().empty()) {
        return InvalidField("parts.text.body", "", "must not be empty");
      }
    } else if (!part.has_media() || part.media().blob().empty()) {
      return InvalidField("parts", "", "each must be a text, or a file that was stored");
    }
  }
  if (text_bytes > kReplyTextMaxBytes) {
    return InvalidField("parts", "",
                        absl::StrCat("may hold at most ", kReplyTextMaxBytes, " bytes of text"));
  }
  if (request.subject().size() > kSubjectMaxBytes) {
    return InvalidField("subject", "",
                        absl::StrCat("may be at most ", kSubjectMaxBytes, " bytes long"));
  }
  return absl::OkStatus();
}

absl::Status CheckNote(const Agent& agent, const v1::AddNoteRequest& request) {
  if (request.text().empty()) return InvalidField("text", "", "must not be empty");
  // A character has at least one byte, so the count is only needed for long texts.
  if (request.text().size() > kNoteTextMaxChars &&
      CountCodePoints(request.text()) > kNoteTextMaxChars) {
    return InvalidField("text", "",
                        absl::StrCat("may be at most ", kNoteTextMaxChars, " characters long"));
  }
  if (request.mentions_size() > kMentionsMax) {
    return InvalidField("mentions", "", absl::StrCat("may hold at most ", kMentionsMax, " agents"));
  }
  for (const std::string& name : request.mentions()) {
    if (!agent.workspace->settings->agents.contains(name)) {
      return InvalidField("mentions", name, "is no agent of this workspace");
    }
  }
  return absl::OkStatus();
}

// What answers and notes have in common.
outbound::v1::OutboundMessage NewMessage(const State& state, const Step& step,
                                         const Conversation& conversation, const Agent& agent,
                                         const std::string& kind) {
  const v1::ConversationRow& row = *conversation.row;
  outbound::v1::OutboundMessage message;
  // The agent too: command ids of two agents may be equal.
  message.set_message_id(DerivedId({kind, row.conversation_id(), agent.key, step.cause}));
  message.set_workspace(row.workspace());
  message.set_partition(state.partition);
  message.set_conversation_id(row.conversation_id());
  message.set_channel_account(row.channel_account());
  message.mutable_author()->set_kind(agent.settings->is_bot ? types::v1::Actor::KIND_BOT
                                                            : types::v1::Actor::KIND_AGENT);
  message.mutable_author()->set_id(agent.name);
  *message.mutable_created_at() = ToTimestamp(step.now_ms);
  return message;
}

outbound::v1::OutboundMessage MessageFor(const State& state, const Step& step,
                                         const Conversation& conversation, const Agent& agent,
                                         const v1::ReplyRequest& request) {
  const v1::ConversationRow& row = *conversation.row;
  outbound::v1::OutboundMessage message = NewMessage(state, step, conversation, agent, "reply");
  message.set_channel(row.channel());
  *message.mutable_recipient() = conversation.reply_to->identifier;
  message.set_recipient_address(conversation.reply_to->address);
  message.set_recipient_display_name(conversation.reply_to->display_name);
  message.set_subject(request.subject().empty() ? ReplySubject(*conversation.subject)
                                                : request.subject());
  for (const v1::ReplyPart& part : request.parts()) {
    types::v1::Part& added = *message.add_parts();
    if (part.has_text()) {
      *added.mutable_text() = part.text();
    } else if (part.has_template_()) {
      *added.mutable_template_() = part.template_();
    } else if (part.has_interactive()) {
      *added.mutable_interactive() = part.interactive();
    } else {
      *added.mutable_media() = part.media();
    }
  }
  if (row.session_window_until_ms() > 0) {
    *message.mutable_session_window_until() = ToTimestamp(row.session_window_until_ms());
  }
  message.set_in_reply_to(row.last_inbound_vendor_id());
  *message.mutable_references() = row.vendor_message_ids();
  return message;
}

void PublishReplySent(State& state, Step& step, Conversation& conversation, const Agent& agent,
                      const std::string& message_id) {
  v1::ConversationRow& row = state.Edit(conversation);
  const bool is_human = !agent.settings->is_bot;
  const bool is_first = is_human && row.first_reply_at_ms() == 0;
  if (is_first) row.set_first_reply_at_ms(step.now_ms);
  row.set_reply_count(row.reply_count() + 1);
  auto& messages = *row.mutable_messages();
  if (messages.size() >= kMessageStatesMax) messages.erase(messages.begin());
  messages.Add()->set_message_id(message_id);
  Publish(state, step, conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::ReplySent& sent = *event.mutable_reply_sent();
    sent.set_message_id(message_id);
    sent.set_agent_id(agent.name);
    sent.set_queue(row.queue());
    sent.set_is_human_public(is_human);
    sent.set_is_first(is_first);
    if (is_first) sent.set_first_response_ms(step.now_ms - row.first_received_at_ms());
    *sent.mutable_first_received_at() = ToTimestamp(row.first_received_at_ms());
  });
}

}  // namespace

std::string ReplySubject(const std::string& subject) {
  if (subject.empty() || absl::StartsWithIgnoreCase(subject, "re:")) return subject;
  return absl::StrCat("Re: ", subject);
}

std::string OptedOutKey(const v1::ConversationRow& row, const std::string& identifier_key) {
  return absl::StrCat(row.workspace(), "/", row.channel(), "/", identifier_key);
}

absl::StatusOr<ResponsePtr> Reply(State& state, Step& step, Agent& agent,
                                  const v1::ReplyRequest& request) {
  absl::StatusOr<Conversation*> assigned = AssignedTo(state, agent, request.conversation_id());
  if (!assigned.ok()) return assigned.status();
  if (absl::Status parts = CheckParts(request); !parts.ok()) return parts;
  Conversation& conversation = **assigned;
  const v1::ConversationRow& row = *conversation.row;
  if (state.opted_out.Find(OptedOutKey(row, row.reply_key())) != nullptr) {
    return OptedOut(conversation);
  }
  const bool is_over =
      row.session_window_until_ms() > 0 && step.now_ms >= row.session_window_until_ms();
  if (is_over && !request.parts(0).has_template_()) return NeedsTemplate(conversation);
  if (!conversation.HasAddress()) {
    AskSoon(state, step, conversation);
    return AddressPending(conversation);
  }
  const auto message = MessageFor(state, step, conversation, agent, request);
  PublishReplySent(state, step, conversation, agent, message.message_id());
  PublishOutbound(step, message);
  if (request.resolve()) ResolveConversation(state, step, conversation, agent, "");

  auto response = std::make_shared<v1::ReplyResponse>();
  response->set_message_id(message.message_id());
  *response->mutable_conversation() = ViewOf(conversation);
  return response;
}

absl::StatusOr<ResponsePtr> AddNote(State& state, Step& step, Agent& agent,
                                    const v1::AddNoteRequest& request) {
  Conversation* conversation =
      state.FindConversation(agent.workspace->name, request.conversation_id());
  if (conversation == nullptr) return UnknownConversation(request.conversation_id());
  if (conversation->row->state() == conversation::v1::STATE_CLOSED) {
    return WrongState(*conversation, "open; add the note to the customer in profile");
  }
  if (absl::Status note = CheckNote(agent, request); !note.ok()) return note;
  if (!conversation->identifier) {
    AskSoon(state, step, *conversation);
    return AddressPending(*conversation);
  }
  outbound::v1::OutboundMessage message = NewMessage(state, step, *conversation, agent, "note");
  message.set_channel(kNoteChannel);
  *message.mutable_recipient() = *conversation->identifier;
  message.add_parts()->mutable_text()->set_body(request.text());
  message.mutable_parts(0)->mutable_text()->set_format(types::v1::Text::FORMAT_PLAIN);
  *message.mutable_mentions() = request.mentions();
  Publish(state, step, *conversation, [&](conversation::v1::ConversationEvent& event) {
    conversation::v1::NoteAdded& added = *event.mutable_note_added();
    added.set_message_id(message.message_id());
    added.set_agent_id(agent.name);
    *added.mutable_mentions() = request.mentions();
  });
  PublishOutbound(step, message);
  auto response = std::make_shared<v1::AddNoteResponse>();
  response->set_message_id(message.message_id());
  return response;
}

}  // namespace trama::routing
