#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/profile/component.h"
#include "services/profile/person.h"
#include "services/profile/row_store.h"

namespace trama::profile {

// All identifiers that hang together with each of these, in their order.
absl::StatusOr<std::vector<Component>> FindComponents(RowStore& store, const std::string& workspace,
                                                      const std::vector<std::string>& customer_ids);

// The person behind each of these ids, in their order; none for an id of which there is no row.
absl::StatusOr<std::vector<std::optional<Person>>> ReadPersons(
    RowStore& store, const std::string& workspace, const std::vector<std::string>& customer_ids);

}  // namespace trama::profile
