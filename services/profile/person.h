#pragma once

#include <map>
#include <string>
#include <vector>

#include "trama/profile/v1/profile_events.pb.h"
#include "trama/profile/v1/profile_service.pb.h"

namespace trama::profile {

// One identifier of a person with what is known of it.
struct Member {
  v1::IdentifierRow row;
  v1::Attributes attributes;
};

// A customer: everything that the links hold together. A value, computed from rows; it does not
// depend on the order in which they are given.
class Person {
 public:
  // `members`: at least one.
  Person(std::vector<Member> members, std::vector<v1::LinkRow> links);

  // That of the oldest identifier; of equally old ones the smallest. An identifier without a
  // message is younger than any with one.
  const std::string& customer_id() const { return members_.front().row.customer_id(); }

  // Has there been any message, in either direction?
  bool known() const { return members_.front().row.has_first_seen_at(); }

  // Oldest first.
  const std::vector<Member>& members() const { return members_; }
  const std::vector<v1::LinkRow>& links() const { return links_; }

  // The most restrictive over all identifiers, by purpose; Consent.Action as a number.
  std::map<std::string, int> Consent() const;

  // What routing may decide by; see Resolution.facts.
  std::map<std::string, std::string> Facts() const;

  // Without workspace and entry_count.
  v1::Customer ToCustomer() const;

 private:
  // The identifier that wrote last and for which `has` holds; null when there is none.
  const v1::IdentifierRow* LastHeard(bool (*has)(const v1::IdentifierRow&)) const;

  std::vector<Member> members_;
  std::vector<v1::LinkRow> links_;
};

// Facts that Facts() makes itself: nobody else may set attributes of these names.
bool IsReservedFact(const std::string& name);

}  // namespace trama::profile
