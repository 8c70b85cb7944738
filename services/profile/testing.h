#pragma once

#include <string>

#include "google/protobuf/util/time_util.h"
#include "services/kernel/resources/identifiers.h"
#include "services/profile/input.h"

// Builders for the tests of profile.
namespace trama::profile::testing {

inline constexpr char kWorkspace[] = "demo";
inline constexpr char kSecret[] = "0123456789abcdef";

inline types::v1::Identifier Email(const std::string& value) {
  return ToProto(Identifier{"email", "", value});
}
inline types::v1::Identifier Phone(const std::string& value) {
  return ToProto(Identifier{"phone", "", value});
}
inline std::string IdOf(const types::v1::Identifier& identifier) {
  return CustomerIdOf(kSecret, identifier);
}

// Seconds after a fixed moment.
inline google::protobuf::Timestamp At(int64_t seconds) {
  return google::protobuf::util::TimeUtil::SecondsToTimestamp(1'700'000'000 + seconds);
}

inline interaction::v1::Interaction Message(const std::string& id,
                                            const types::v1::Identifier& from, int64_t at,
                                            const std::string& text = "hello") {
  interaction::v1::Interaction message;
  message.set_interaction_id(id);
  message.set_workspace(kWorkspace);
  message.set_channel(from.kind() == types::v1::IDENTIFIER_KIND_EMAIL ? "email" : "sms");
  message.set_channel_account("support");
  message.set_direction(interaction::v1::DIRECTION_INBOUND);
  message.set_kind(interaction::v1::KIND_MESSAGE);
  *message.mutable_sender()->mutable_identifier() = from;
  message.mutable_sender()->set_address(from.value());
  *message.mutable_received_at() = At(at);
  message.add_parts()->mutable_text()->set_body(text);
  return message;
}

inline outbound::v1::OutboundMessage Reply(const std::string& id, const std::string& conversation,
                                           const types::v1::Identifier& to, int64_t at) {
  outbound::v1::OutboundMessage message;
  message.set_message_id(id);
  message.set_workspace(kWorkspace);
  message.set_conversation_id(conversation);
  message.set_channel(to.kind() == types::v1::IDENTIFIER_KIND_EMAIL ? "email" : "sms");
  message.set_channel_account("support");
  *message.mutable_recipient() = to;
  message.set_recipient_address(to.value());
  message.mutable_author()->set_kind(types::v1::Actor::KIND_AGENT);
  message.mutable_author()->set_id("ana");
  *message.mutable_created_at() = At(at);
  message.add_parts()->mutable_text()->set_body("answer");
  return message;
}

inline delivery::v1::Delivery Status(const std::string& message_id, delivery::v1::Status status,
                                     int attempt = 1) {
  delivery::v1::Delivery delivery;
  delivery.set_event_id(message_id + "-" + std::to_string(status) + "-" + std::to_string(attempt));
  delivery.set_workspace(kWorkspace);
  delivery.set_message_id(message_id);
  delivery.set_status(status);
  delivery.set_attempt(attempt);
  return delivery;
}

inline conversation::v1::ConversationEvent Event(const std::string& conversation, int64_t sequence,
                                                 int64_t at) {
  conversation::v1::ConversationEvent event;
  event.set_event_id(conversation + "-" + std::to_string(sequence));
  event.set_workspace(kWorkspace);
  event.set_conversation_id(conversation);
  event.set_sequence(sequence);
  event.set_channel("email");
  *event.mutable_occurred_at() = At(at);
  return event;
}

inline conversation::v1::ConversationEvent Opened(const std::string& conversation,
                                                  const std::string& interaction, int64_t at) {
  conversation::v1::ConversationEvent event = Event(conversation, 1, at);
  event.mutable_opened()->set_interaction_id(interaction);
  return event;
}

template <typename M>
Input InputOf(const M& message) {
  return {message.workspace(), message};
}

}  // namespace trama::profile::testing
