#include "services/profile/component.h"

#include <algorithm>

#include "services/kernel/ids.h"

namespace trama::profile {

void Component::Answer(const std::string& customer_id, const std::vector<Neighbour>& neighbours) {
  asks_.erase(customer_id);
  for (const Neighbour& neighbour : neighbours) {
    links_.insert(neighbour.link_id);
    Reach(neighbour.customer_id);
  }
}

std::string LinkIdOf(const std::string& workspace, const std::string& a_customer_id,
                     const std::string& b_customer_id) {
  const auto& [first, second] = std::minmax(a_customer_id, b_customer_id);
  return DerivedId({"link", workspace, first, second});
}

}  // namespace trama::profile
