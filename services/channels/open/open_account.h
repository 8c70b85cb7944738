#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/channels/common/account_directory.h"
#include "services/channels/open/account.h"

// What the parts of this service take from a channel account's configuration.
namespace trama::open_channel {

OpenAccountView ViewOf(const channels::ChannelAccount& account);

// The secrets that sign, the present one first. Those that cannot be read or are too short are left
// out and logged; FAILED_PRECONDITION when none is left.
absl::StatusOr<std::vector<std::string>> SecretsOf(const channels::AccountDirectory& accounts,
                                                   const channels::ChannelAccount& account);

// Events per second that the account may bring to one replica.
int64_t EventsPerSecondOf(const channels::ChannelAccount& account);

}  // namespace trama::open_channel
