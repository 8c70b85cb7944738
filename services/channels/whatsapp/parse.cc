#include "services/channels/whatsapp/parse.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/whatsapp/content.h"
#include "services/channels/whatsapp/sender_identity.h"
#include "services/kernel/digest.h"
#include "services/kernel/text.h"

namespace trama::whatsapp {

namespace {

namespace iv = interaction::v1;

iv::Interaction Begin(const WhatsAppAccountView& account, const std::string& event_id,
                      iv::Kind kind, const iv::Sender& sender, const Json& item,
                      absl::Time received_at) {
  iv::Interaction interaction;
  interaction.set_interaction_id(
      channels::InteractionId(kChannel, account.workspace, account.name, event_id, kind));
  interaction.set_workspace(account.workspace);
  interaction.set_channel(kChannel);
  interaction.set_channel_account(account.name);
  interaction.set_direction(iv::DIRECTION_INBOUND);
  interaction.set_kind(kind);
  // All that one customer writes to one number of ours is one thread.
  interaction.set_conversation_key(
      channels::InteractionKey(account.workspace, sender.identifier()));
  *interaction.mutable_sender() = sender;
  channels::SetProto(received_at, interaction.mutable_received_at());
  if (const auto seconds = NumberOf(item, "timestamp"); seconds.has_value()) {
    channels::SetProto(absl::FromUnixSeconds(*seconds), interaction.mutable_sent_at());
  }
  return interaction;
}

// The id that the customer's own message of that vendor id has.
std::string MessageInteractionId(const WhatsAppAccountView& account, const std::string& vendor_id) {
  return channels::InteractionId(kChannel, account.workspace, account.name, vendor_id,
                                 iv::KIND_MESSAGE);
}

void SetWindow(const Json& item, absl::Time received_at, iv::Interaction& message) {
  absl::Time from = received_at;
  // The vendor counts by its own clock; one that runs before ours gains nothing.
  if (message.has_sent_at()) from = std::min(from, channels::FromProto(message.sent_at()));
  const bool is_advertised = !TextOf(ObjectOf(item, "referral"), "ctwa_clid").empty();
  channels::SetProto(from + (is_advertised ? kAdvertisementWindow : kSessionWindow),
                     message.mutable_session_window_until());
}

void ReadSurroundings(const Json& item, iv::Interaction& message) {
  const Json& context = ObjectOf(item, "context");
  if (const std::string replied = TextOf(context, "id"); IsMessageId(replied)) {
    message.set_reply_to_vendor_message_id(replied);
  }
  if (FlagOf(context, "forwarded")) SetFact(message, "forwarded", "true");
  if (FlagOf(context, "frequently_forwarded")) SetFact(message, "frequently_forwarded", "true");
  SetFact(message, "product", TextOf(ObjectOf(context, "referred_product"), "product_retailer_id"));
  const Json& referral = ObjectOf(item, "referral");
  SetFact(message, "referral_source", TextOf(referral, "source_type"));
  SetFact(message, "referral_id", TextOf(referral, "source_id"));
  SetFact(message, "referral_click", TextOf(referral, "ctwa_clid"));
  SetFact(message, "group", TextOf(item, "group_id"));
}

struct Actor {
  std::string user_id;
  std::string wa_id;
};

Actor ActorOf(const Event& event) {
  const Json& item = *event.item;
  const bool is_echo = event.kind == Event::Kind::kEcho;
  Actor actor{TextOf(item, is_echo ? "to_user_id" : "from_user_id"),
              TextOf(item, is_echo ? "to" : "from")};
  // Older forms name the user in the contact only.
  if (actor.user_id.empty()) actor.user_id = TextOf(*event.contact, "user_id");
  if (actor.wa_id.empty()) actor.wa_id = TextOf(*event.contact, "wa_id");
  return actor;
}

// Somebody's number or user id has changed: the new ones are the sender, the former ones are his,
// too.
absl::StatusOr<iv::Interaction> ReadSystem(const Event& event, const WhatsAppAccountView& account,
                                           const std::string& id, absl::Time received_at) {
  const Json& system = ObjectOf(*event.item, "system");
  Actor before = ActorOf(event);
  if (const auto old = TextOf(system, "customer"); !old.empty()) before.wa_id = old;
  if (const auto old = TextOf(system, "previous_user_id"); !old.empty()) before.user_id = old;
  Actor now{TextOf(system, "user_id"), TextOf(system, "wa_id")};
  if (now.wa_id.empty()) now.wa_id = TextOf(system, "new_wa_id");
  if (now.user_id.empty() && now.wa_id.empty()) now = before;
  auto sender = MakeSender(account, now.user_id, now.wa_id, *event.contact);
  if (!sender.ok()) return sender.status();
  if (const auto former = MakeSender(account, before.user_id, before.wa_id, *event.contact);
      former.ok()) {
    const auto add = [&](const types::v1::Identifier& identifier) {
      if (identifier.value() != sender->identifier().value()) *sender->add_also() = identifier;
    };
    add(former->identifier());
    for (const types::v1::Identifier& other : former->also()) add(other);
  }
  iv::Interaction message = Begin(account, id, iv::KIND_MESSAGE, *sender, *event.item, received_at);
  message.set_automatic(true);
  message.set_automatic_reason(
      absl::StrCat("system/", std::string(TruncateUtf8(TextOf(system, "type"), 64))));
  types::v1::Text* text = message.add_parts()->mutable_text();
  text->set_body(std::string(TruncateUtf8(TextOf(system, "body"), 4096)));
  text->set_format(types::v1::Text::FORMAT_PLAIN);
  return message;
}

iv::Interaction ReadReaction(const Json& reaction, const WhatsAppAccountView& account,
                             iv::Interaction message) {
  const std::string target = TextOf(reaction, "message_id");
  if (IsMessageId(target)) {
    message.set_reply_to_vendor_message_id(target);
    message.set_amends_interaction_id(MessageInteractionId(account, target));
  } else {
    message.add_anomalies("the reaction names no message");
  }
  if (const std::string emoji = TextOf(reaction, "emoji"); !emoji.empty()) {
    message.add_parts()->mutable_text()->set_body(std::string(TruncateUtf8(emoji, 64)));
  }
  return message;
}

// `changed`: the object of the type, which names the original and, for an edit, its new content.
iv::Interaction ReadAmendment(const Json& changed, const WhatsAppAccountView& account,
                              iv::Interaction message) {
  const std::string target = TextOf(changed, "original_message_id");
  if (IsMessageId(target)) {
    message.set_amends_interaction_id(MessageInteractionId(account, target));
  } else {
    message.add_anomalies("the change names no message");
  }
  const Json& content = ObjectOf(changed, "message");
  if (content.empty()) return message;
  ReadContent(content, TextOf(content, "type"), message);
  // The file itself stays what it was.
  auto& parts = *message.mutable_parts();
  parts.erase(std::remove_if(parts.begin(), parts.end(),
                             [](const types::v1::Part& part) { return part.has_media(); }),
              parts.end());
  return message;
}

iv::Kind KindOf(std::string_view type) {
  if (type == "reaction") return iv::KIND_REACTION;
  if (type == "edit") return iv::KIND_EDIT;
  if (type == "revoke") return iv::KIND_DELETE;
  return iv::KIND_MESSAGE;
}

void BecomeUnsupported(const std::string& id, const std::string& type, const Json& item,
                       const WhatsAppAccountView& account, iv::Interaction& message) {
  message.set_kind(iv::KIND_UNSUPPORTED);
  message.set_interaction_id(
      channels::InteractionId(kChannel, account.workspace, account.name, id, iv::KIND_UNSUPPORTED));
  SetFact(message, "type", type);
  SetFact(message, "unsupported_type", TextOf(ObjectOf(item, "unsupported"), "type"));
  for (const Json& error : ArrayOf(item, "errors")) {
    SetFact(message, "error_code", TextOf(error, "code"));
  }
  // Somebody has opened the chat and written nothing: nobody has to look at it.
  if (type == "request_welcome") {
    message.set_automatic(true);
    message.set_automatic_reason(type);
  }
}

absl::StatusOr<iv::Interaction> ReadMessage(const Event& event, const WhatsAppAccountView& account,
                                            const std::string& id, absl::Time received_at) {
  const Json& item = *event.item;
  const std::string type = TextOf(item, "type");
  if (type == "system") return ReadSystem(event, account, id, received_at);
  const Actor actor = ActorOf(event);
  const auto sender = MakeSender(account, actor.user_id, actor.wa_id, *event.contact);
  if (!sender.ok()) return sender.status();
  const iv::Kind kind = KindOf(type);
  iv::Interaction message = Begin(account, id, kind, *sender, item, received_at);
  ReadSurroundings(item, message);
  if (kind == iv::KIND_REACTION) {
    message = ReadReaction(ObjectOf(item, "reaction"), account, std::move(message));
  } else if (kind != iv::KIND_MESSAGE) {
    message = ReadAmendment(ObjectOf(item, type.c_str()), account, std::move(message));
  } else if (!ReadContent(item, type, message)) {
    BecomeUnsupported(id, type, item, account, message);
  }
  if (event.kind == Event::Kind::kEcho) {
    message.set_direction(iv::DIRECTION_OUTBOUND);
  } else if (!message.automatic() && kind == iv::KIND_MESSAGE) {
    SetWindow(item, received_at, message);
  }
  return message;
}

absl::StatusOr<ParsedEvent> ReadPreference(const Event& event, const WhatsAppAccountView& account,
                                           absl::Time received_at) {
  const Json& item = *event.item;
  Actor actor = ActorOf(event);
  if (const auto user = TextOf(item, "user_id"); !user.empty()) actor.user_id = user;
  if (const auto number = TextOf(item, "wa_id"); !number.empty()) actor.wa_id = number;
  const auto sender = MakeSender(account, actor.user_id, actor.wa_id, *event.contact);
  if (!sender.ok()) return sender.status();
  // The vendor gives it no id.
  const std::string category = TextOf(item, "category");
  const std::string value = absl::AsciiStrToLower(TextOf(item, "value"));
  ParsedEvent parsed;
  parsed.event_id = absl::StrCat(
      "preference/", HexSha256(absl::StrCat(sender->identifier().value(), "\n", category, "\n",
                                            value, "\n", TextOf(item, "timestamp"))));
  parsed.interaction =
      Begin(account, parsed.event_id, iv::KIND_CONSENT, *sender, item, received_at);
  iv::Consent& consent = *parsed.interaction.mutable_consent();
  consent.set_purpose(category == "marketing_messages" ? "marketing" : category);
  consent.set_evidence(std::string(TruncateUtf8(value, 64)));
  consent.set_action(value == "stop" ? iv::Consent::ACTION_OPT_OUT : iv::Consent::ACTION_OPT_IN);
  if (value != "stop" && value != "resume" && value != "signup") {
    consent.set_action(iv::Consent::ACTION_UNSPECIFIED);
    parsed.interaction.add_anomalies("the preference is not known");
  }
  return parsed;
}

}  // namespace

absl::StatusOr<ParsedEvent> ParseEvent(const Event& event, const WhatsAppAccountView& account,
                                       absl::Time received_at) {
  if (event.kind == Event::Kind::kPreference) return ReadPreference(event, account, received_at);
  const std::string id = TextOf(*event.item, "id");
  if (!IsMessageId(id)) return absl::InvalidArgumentError("the message has no id");
  absl::StatusOr<iv::Interaction> message = ReadMessage(event, account, id, received_at);
  if (!message.ok()) return message.status();
  message->set_vendor_message_id(id);
  return ParsedEvent{*std::move(message), id};
}

}  // namespace trama::whatsapp
