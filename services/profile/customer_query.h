#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "services/profile/row_store.h"
#include "trama/profile/v1/profile_service.pb.h"

namespace trama::profile {

using OnCustomer = std::function<void(absl::StatusOr<v1::Customer>)>;

// The person behind an id, with the number of entries on the timelines, for the calls of which
// there are many: in one round trip for who has no links, one more otherwise, and without a thread
// that waits. `done` comes once, on a thread of the Redis client or before this returns, and must
// not block. CUSTOMER_UNKNOWN when there is no such person; else RowStore's errors. The store must
// outlive it.
void QueryCustomer(RowStore& store, const std::string& workspace, const std::string& customer_id,
                   OnCustomer done);

absl::Status CustomerUnknown();

}  // namespace trama::profile
