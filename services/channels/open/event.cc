#include "services/channels/open/event.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/json_limits.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/open/event_user.h"
#include "services/channels/open/receipt.h"
#include "services/kernel/ids.h"
#include "services/kernel/strings.h"
#include "services/kernel/text.h"

namespace trama::open_channel {

namespace {

namespace iv = interaction::v1;
using Json = FieldReader::Json;

struct TypeRow {
  const char* word;
  iv::Kind kind;
  bool about_message;  // It names a message.
  bool is_kept;        // Its original is.
};
constexpr TypeRow kTypes[] = {
    {"message", iv::KIND_MESSAGE, true, true}, {"edit", iv::KIND_EDIT, true, true},
    {"delete", iv::KIND_DELETE, true, true},   {"reaction", iv::KIND_REACTION, true, true},
    {"typing", iv::KIND_TYPING, false, false}, {"read", iv::KIND_READ, false, false},
};

const TypeRow* FindType(std::string_view word) {
  for (const TypeRow& row : kTypes) {
    if (row.word == word) return &row;
  }
  return nullptr;
}

bool IsWebAddress(std::string_view url) {
  return url.substr(0, 8) == "https://" || url.substr(0, 7) == "http://";
}

void ReadAttachments(const FieldReader& message, std::optional<Refusal>& refusal,
                     iv::Interaction& said) {
  const Json& attachments = message.Array("attachments", kAttachmentsMax);
  for (size_t i = 0; i < attachments.size(); ++i) {
    const FieldReader file(attachments[i], absl::StrCat(message.PathOf("attachments"), "[", i, "]"),
                           refusal);
    types::v1::Media& media = *said.add_parts()->mutable_media();
    media.set_vendor_url(file.Text("url", kUrlBytesMax));
    media.set_content_type(file.Text("mime", kNameBytesMax));
    media.set_file_name(file.Text("name", kNameBytesMax));
    media.set_size_bytes(file.Count("size"));
    if (media.vendor_url().empty()) {
      file.Refuse("url", "is missing");
    } else if (!IsWebAddress(media.vendor_url())) {
      file.Refuse("url", "is not an address that begins with https://");
    }
  }
}

// A message brings text, files or both; an edit new text: files stay as they are.
void ReadContent(const FieldReader& message, std::optional<Refusal>& refusal,
                 iv::Interaction& said) {
  // Four bytes are the most that a code point takes.
  const std::string text = message.Text("text", 4 * kTextCodePointsMax);
  if (const size_t length = CountCodePoints(text); length > kTextCodePointsMax) {
    message.Refuse("text", absl::StrCat("has ", length, " characters, at most ", kTextCodePointsMax,
                                        " are taken"));
  }
  if (!text.empty()) {
    types::v1::Text& part = *said.add_parts()->mutable_text();
    part.set_body(text);
    part.set_format(types::v1::Text::FORMAT_PLAIN);
  }
  const bool is_edit = said.kind() == iv::KIND_EDIT;
  if (!is_edit) ReadAttachments(message, refusal, said);
  if (!said.parts().empty()) return;
  message.Refuse("text", is_edit ? "is missing" : "is missing, and there are no attachments");
}

void ReadMessage(const FieldReader& event, const TypeRow& type, const OpenAccountView& account,
                 std::optional<Refusal>& refusal, iv::Interaction& said) {
  const FieldReader message = event.Object("message");
  said.set_vendor_message_id(message.RequiredId("id"));
  if (type.kind == iv::KIND_MESSAGE || type.kind == iv::KIND_EDIT) {
    ReadContent(message, refusal, said);
  }
  if (const std::string replied = message.Id("reply_to"); !replied.empty()) {
    said.set_reply_to_vendor_message_id(replied);
    iv::ThreadEvidence& evidence = *said.add_thread_evidence();
    evidence.set_kind(iv::ThreadEvidence::KIND_REFERENCE);
    evidence.set_value(replied);
  }
  if (type.kind == iv::KIND_MESSAGE) return;
  said.set_amends_interaction_id(channels::InteractionId(
      kChannel, account.workspace, account.name, said.vendor_message_id(), iv::KIND_MESSAGE));
  if (type.kind != iv::KIND_REACTION) return;
  // Without it the reaction was taken back.
  const std::string reaction = event.Text("reaction", kIdBytesMax);
  if (!reaction.empty()) said.add_parts()->mutable_text()->set_body(reaction);
}

// The thread that the message belongs to: what the integrator calls a conversation, apart for each
// user. He may as well name the conversation as we do in what we send.
void ReadConversation(const FieldReader& event, const OpenAccountView& account,
                      iv::Interaction& said) {
  const std::string conversation = event.Id("conversation_id");
  std::string key = channels::InteractionKey(account.workspace, said.sender().identifier());
  if (!conversation.empty()) {
    // Ids may hold anything but control characters: with "/" the conversation "7" of user "acme"
    // would be what user "acme/7" says without one.
    absl::StrAppend(&key, "\n", conversation);
    (*said.mutable_channel_facts())["conversation_id"] = conversation;
  }
  said.set_conversation_key(std::move(key));
  if (!IsId(conversation)) return;
  iv::ThreadEvidence& evidence = *said.add_thread_evidence();
  evidence.set_kind(iv::ThreadEvidence::KIND_SIGNED_TOKEN);
  evidence.set_value(conversation);
}

void ReadInteraction(const FieldReader& fields, const TypeRow& type, const OpenAccountView& account,
                     absl::Time received_at, Event& event) {
  iv::Interaction& said = event.interaction.emplace();
  said.set_workspace(account.workspace);
  said.set_channel(kChannel);
  said.set_channel_account(account.name);
  said.set_direction(iv::DIRECTION_INBOUND);
  said.set_kind(type.kind);
  said.set_vendor_event_id(event.id);
  channels::SetProto(fields.Moment("occurred_at", received_at), said.mutable_sent_at());
  channels::SetProto(received_at, said.mutable_received_at());
  ReadUser(fields, account, event.refusal, said);
  ReadConversation(fields, account, said);
  if (type.about_message) ReadMessage(fields, type, account, event.refusal, said);
  const bool is_message = type.kind == iv::KIND_MESSAGE;
  const std::string& named_by = is_message ? said.vendor_message_id() : event.id;
  event.seen_id = absl::StrCat(is_message ? "message/" : "event/", named_by);
  said.set_interaction_id(
      channels::InteractionId(kChannel, account.workspace, account.name, named_by, type.kind));
}

Event ReadEvent(const Json& json, const std::string& path, const OpenAccountView& account,
                absl::Time received_at) {
  Event event;
  const FieldReader fields(json, path, event.refusal);
  event.id = fields.RequiredId("id");
  event.seen_id = absl::StrCat("event/", event.id);
  const std::string word = fields.Text("type", kNameBytesMax);
  const TypeRow* type = FindType(word);
  if (word == "status") {
    event.receipt = ReadReceipt(fields, account, received_at, event.refusal);
  } else if (type != nullptr) {
    ReadInteraction(fields, *type, account, received_at, event);
    if (type->is_kept) event.original = json.dump();
  } else {
    fields.Refuse("type", word.empty() ? "is missing" : "is not a type of event that we know");
  }
  if (event.refusal.has_value()) {
    event.interaction.reset();
    event.receipt.reset();
  }
  return event;
}

absl::Status CheckExcess(std::string_view body) {
  switch (channels::ExcessOf(body, kJsonDepthMax)) {
    case channels::JsonExcess::kNone:
      return absl::OkStatus();
    case channels::JsonExcess::kDepth:
      // Writing it again goes as deep as it is.
      return absl::InvalidArgumentError(
          absl::StrCat("the JSON is nested deeper than ", kJsonDepthMax, " levels"));
    case channels::JsonExcess::kKeys:
      return absl::InvalidArgumentError(
          absl::StrCat("an object has more than ", channels::kJsonKeysMax, " keys"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Event>> ParseEvents(std::string_view body,
                                               const OpenAccountView& account,
                                               absl::Time received_at) {
  if (absl::Status excess = CheckExcess(body); !excess.ok()) return excess;
  const Json json = Json::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("the body is not a JSON object");
  const auto events = json.find("events");
  if (events == json.end() || !events->is_array() || events->empty()) {
    return absl::InvalidArgumentError("events is missing or not an array of at least one event");
  }
  if (events->size() > kEventsMax) {
    return absl::OutOfRangeError(absl::StrCat("events has ", events->size(), " elements, at most ",
                                              kEventsMax,
                                              " are taken; send them in several requests"));
  }
  std::vector<Event> read;
  for (size_t i = 0; i < events->size(); ++i) {
    read.push_back(ReadEvent((*events)[i], absl::StrCat("events[", i, "]"), account, received_at));
  }
  return read;
}

}  // namespace trama::open_channel
