#include "services/routing/work_records.h"

#include "services/kernel/ids.h"
#include "services/kernel/resources/identifiers.h"
#include "services/routing/limits.h"

namespace trama::routing {
namespace {

void AddParticipant(std::string_view secret, const types::v1::Identifier& identifier,
                    v1::Keys& keys) {
  if (keys.participants_size() >= kParticipantsMax || !FromProto(identifier).ok()) return;
  keys.add_participants(CustomerIdOf(secret, identifier));
}

}  // namespace

absl::Status CheckInteraction(const interaction::v1::Interaction& interaction) {
  if (interaction.interaction_id().empty()) {
    return absl::InvalidArgumentError("interaction_id is missing");
  }
  if (interaction.channel().empty() || interaction.channel_account().empty()) {
    return absl::InvalidArgumentError("channel or channel_account is missing");
  }
  if (!interaction.sender().has_identifier()) return absl::OkStatus();
  return FromProto(interaction.sender().identifier()).status();
}

v1::Work MakeWork(const v1::Source& source, const interaction::v1::Interaction& interaction,
                  std::string_view identity_secret, const profile::v1::Resolution* resolution) {
  v1::Work work;
  *work.mutable_source() = source;
  *work.mutable_interaction() = interaction;
  v1::Keys& keys = *work.mutable_keys();
  const interaction::v1::Sender& sender = interaction.sender();
  if (sender.has_identifier()) keys.set_sender(CustomerIdOf(identity_secret, sender.identifier()));
  for (const types::v1::Identifier& also : sender.also()) {
    AddParticipant(identity_secret, also, keys);
  }
  for (const types::v1::Identifier& other : interaction.other_recipients()) {
    AddParticipant(identity_secret, other, keys);
  }
  if (!interaction.conversation_key().empty()) {
    keys.set_thread(KeyedId(identity_secret, {interaction.channel(), interaction.channel_account(),
                                              interaction.conversation_key()}));
  }
  v1::Facts& facts = *work.mutable_facts();
  if (resolution == nullptr) {
    facts.set_pending(true);
    facts.set_customer_id(keys.sender());
    return work;
  }
  facts.set_customer_id(resolution->customer_id());
  facts.set_known(resolution->known());
  *facts.mutable_values() = resolution->facts();
  return work;
}

}  // namespace trama::routing
