#pragma once

#include <string>
#include <vector>

#include "absl/container/btree_set.h"

namespace trama::profile {

// How many identifiers one person may have: enough for anybody, and a bound for what one request
// touches. A chain of mistaken links ends here.
inline constexpr size_t kComponentMax = 64;

// One end of a link, as it is kept at the other.
struct Neighbour {
  std::string customer_id;
  std::string link_id;

  friend auto operator<=>(const Neighbour&, const Neighbour&) = default;
};

// Finds all identifiers of a person, from one of them along its links. Whoever has the links is
// asked in rounds, so that one round trip serves many searches:
//
//   Component search(start);
//   while (!search.Asks().empty()) for (id : search.Asks()) … search.Answer(id, neighbours of id);
//
// Which links came first, and from which end one begins, makes no difference.
class Component {
 public:
  explicit Component(const std::string& customer_id) { Reach(customer_id); }

  // Whose neighbours must be known to go on, in order; empty when all has been found.
  std::vector<std::string> Asks() const { return {asks_.begin(), asks_.end()}; }
  void Answer(const std::string& customer_id, const std::vector<Neighbour>& neighbours);

  const absl::btree_set<std::string>& members() const { return members_; }
  const absl::btree_set<std::string>& links() const { return links_; }

 private:
  void Reach(const std::string& customer_id) {
    if (members_.insert(customer_id).second) asks_.insert(customer_id);
  }

  absl::btree_set<std::string> members_;
  absl::btree_set<std::string> asks_;
  absl::btree_set<std::string> links_;
};

// The id of the link between two identifiers, whichever is named first.
std::string LinkIdOf(const std::string& workspace, const std::string& a_customer_id,
                     const std::string& b_customer_id);

}  // namespace trama::profile
