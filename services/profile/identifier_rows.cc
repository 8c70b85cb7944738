#include "services/profile/identifier_rows.h"

#include <string>

#include "google/protobuf/util/time_util.h"

namespace trama::profile {
namespace {

using google::protobuf::Timestamp;
using interaction::v1::Consent;

v1::IdentifierRow Begin(const v1::IdentifierRow* before, const Owner& owner) {
  if (before != nullptr) return *before;
  v1::IdentifierRow row;
  *row.mutable_identifier() = owner.identifier;
  row.set_customer_id(owner.customer_id);
  return row;
}

void SetFirstSeen(const Timestamp& at, v1::IdentifierRow& row) {
  if (!row.has_first_seen_at() || at < row.first_seen_at()) *row.mutable_first_seen_at() = at;
}

void SetConsent(const Consent& consent, const std::string& channel, const Timestamp& at,
                v1::IdentifierRow& row) {
  // A question for help allows and refuses nothing.
  if (consent.action() != Consent::ACTION_OPT_IN && consent.action() != Consent::ACTION_OPT_OUT) {
    return;
  }
  const std::string& purpose = consent.purpose().empty() ? channel : consent.purpose();
  const auto said = row.consent_at().find(purpose);
  if (said != row.consent_at().end()) {
    if (at < said->second) return;
    if (at == said->second && !IsStricterConsent(consent.action(), row.consent().at(purpose))) {
      return;
    }
  }
  (*row.mutable_consent())[purpose] = consent.action();
  (*row.mutable_consent_at())[purpose] = at;
}

// The newest value that is not empty. An older message only fills a gap.
void Learn(const std::string& heard, bool is_newest, std::string* known) {
  if (!heard.empty() && (is_newest || known->empty())) *known = heard;
}

}  // namespace

bool IsStricterConsent(int a, int b) {
  return a == Consent::ACTION_OPT_OUT && b != Consent::ACTION_OPT_OUT;
}

v1::IdentifierRow AfterInteraction(const v1::IdentifierRow* before, const Owner& owner,
                                   const interaction::v1::Interaction& interaction) {
  v1::IdentifierRow row = Begin(before, owner);
  const Timestamp& at = interaction.received_at();
  SetFirstSeen(at, row);
  if (interaction.direction() == interaction::v1::DIRECTION_OUTBOUND) return row;

  const bool is_newest = !row.has_last_seen_at() || row.last_seen_at() < at;
  if (is_newest) *row.mutable_last_seen_at() = at;
  const interaction::v1::Sender& sender = interaction.sender();
  Learn(sender.display_name(), is_newest, row.mutable_display_name());
  Learn(sender.address(), is_newest, row.mutable_address());
  Learn(interaction.language(), is_newest, row.mutable_language());
  if (sender.verified()) row.set_verified(true);
  if (interaction.has_consent()) {
    SetConsent(interaction.consent(), interaction.channel(), at, row);
  }
  return row;
}

v1::IdentifierRow AfterOutbound(const v1::IdentifierRow* before, const Owner& owner,
                                const outbound::v1::OutboundMessage& message) {
  v1::IdentifierRow row = Begin(before, owner);
  SetFirstSeen(message.created_at(), row);
  // How he writes himself counts more than how we have written him.
  Learn(message.recipient_display_name(), /*is_newest=*/false, row.mutable_display_name());
  Learn(message.recipient_address(), /*is_newest=*/false, row.mutable_address());
  return row;
}

}  // namespace trama::profile
