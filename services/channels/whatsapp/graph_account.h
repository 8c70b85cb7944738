#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/channels/common/account_directory.h"
#include "services/channels/whatsapp/account.h"

namespace trama::whatsapp {

// The account as the pure parts want it.
WhatsAppAccountView ViewOf(const channels::ChannelAccount& account);

// The app secrets that may have signed a webhook. FAILED_PRECONDITION when none can be read; single
// ones that cannot are left out (a rotation that is half done).
absl::StatusOr<std::vector<std::string>> AppSecretsOf(const channels::AccountDirectory& accounts,
                                                      const channels::ChannelAccount& account);

// The token for our calls. FAILED_PRECONDITION when the account names none, UNAVAILABLE when it
// cannot be read.
absl::StatusOr<std::string> AccessTokenOf(const channels::AccountDirectory& accounts,
                                          const channels::ChannelAccount& account);

// `ambiguity_wait`; zero when it is empty or not a duration.
absl::Duration AmbiguityWait(const channels::ChannelAccount& account);

// Is this host the vendor's, so that the access token may be sent there: the host of the account's
// API, or one from which Meta serves files?
bool IsVendorHost(const WhatsAppAccountView& account, std::string_view host);

// Hosts from which Meta serves the files of customers.
inline constexpr const char* kMediaHosts[] = {"lookaside.fbsbx.com", "*.fbsbx.com", "*.fbcdn.net",
                                              "*.whatsapp.net"};

}  // namespace trama::whatsapp
