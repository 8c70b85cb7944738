#include "services/profile/person.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "services/kernel/check.h"
#include "services/profile/identifier_rows.h"
#include "trama/interaction/v1/interaction_events.pb.h"

namespace trama::profile {
namespace {

using google::protobuf::Timestamp;

constexpr char kKnownFact[] = "known";
constexpr char kLanguageFact[] = "language";
constexpr char kConsentFactPrefix[] = "consent.";

bool IsOlder(const Member& a, const Member& b) {
  if (a.row.has_first_seen_at() != b.row.has_first_seen_at()) return a.row.has_first_seen_at();
  if (!(a.row.first_seen_at() == b.row.first_seen_at())) {
    return a.row.first_seen_at() < b.row.first_seen_at();
  }
  return a.row.customer_id() < b.row.customer_id();
}

bool IsOlderLink(const v1::LinkRow& a, const v1::LinkRow& b) {
  if (!(a.linked_at() == b.linked_at())) return a.linked_at() < b.linked_at();
  return a.link_id() < b.link_id();
}

}  // namespace

bool IsReservedFact(const std::string& name) {
  return name == kKnownFact || absl::StartsWith(name, kConsentFactPrefix);
}

Person::Person(std::vector<Member> members, std::vector<v1::LinkRow> links)
    : members_(std::move(members)), links_(std::move(links)) {
  TRAMA_CHECK(!members_.empty());
  std::sort(members_.begin(), members_.end(), IsOlder);
  std::sort(links_.begin(), links_.end(), IsOlderLink);
}

const v1::IdentifierRow* Person::LastHeard(bool (*has)(const v1::IdentifierRow&)) const {
  const v1::IdentifierRow* last = nullptr;
  for (const Member& member : members_) {
    if (!has(member.row)) continue;
    // Without a message from the customer: the oldest that there is.
    if (last == nullptr || last->last_seen_at() < member.row.last_seen_at()) last = &member.row;
  }
  return last;
}

std::map<std::string, int> Person::Consent() const {
  std::map<std::string, int> strictest;
  for (const Member& member : members_) {
    for (const auto& [purpose, action] : member.row.consent()) {
      const auto [it, is_first] = strictest.try_emplace(purpose, action);
      if (!is_first && IsStricterConsent(action, it->second)) it->second = action;
    }
  }
  return strictest;
}

std::map<std::string, std::string> Person::Facts() const {
  std::map<std::string, std::string> facts;
  // The oldest identifier's attributes come first and stay.
  for (const Member& member : members_) {
    for (const auto& [name, value] : member.attributes.values()) facts.try_emplace(name, value);
  }
  const v1::IdentifierRow* speaker =
      LastHeard([](const v1::IdentifierRow& row) { return !row.language().empty(); });
  if (speaker != nullptr) facts.try_emplace(kLanguageFact, speaker->language());
  for (const auto& [purpose, action] : Consent()) {
    facts[absl::StrCat(kConsentFactPrefix, purpose)] =
        action == interaction::v1::Consent::ACTION_OPT_OUT ? "opt_out" : "opt_in";
  }
  facts[kKnownFact] = known() ? "true" : "false";
  return facts;
}

v1::Customer Person::ToCustomer() const {
  v1::Customer customer;
  customer.set_customer_id(customer_id());
  const v1::IdentifierRow* named =
      LastHeard([](const v1::IdentifierRow& row) { return !row.display_name().empty(); });
  if (named != nullptr) customer.set_display_name(named->display_name());
  for (const Member& member : members_) *customer.add_identifiers() = member.row;
  for (const v1::LinkRow& link : links_) *customer.add_links() = link;
  for (auto& [name, value] : Facts()) (*customer.mutable_facts())[name] = value;
  for (const auto& [purpose, action] : Consent()) (*customer.mutable_consent())[purpose] = action;
  if (known()) *customer.mutable_first_seen_at() = members_.front().row.first_seen_at();
  const v1::IdentifierRow* last =
      LastHeard([](const v1::IdentifierRow& row) { return row.has_last_seen_at(); });
  if (last != nullptr) *customer.mutable_last_seen_at() = last->last_seen_at();
  return customer;
}

}  // namespace trama::profile
