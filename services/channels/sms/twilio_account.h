#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/channels/common/account_directory.h"
#include "services/channels/sms/account.h"
#include "services/channels/sms/signature.h"

namespace trama::sms {

// Where files of our messages can be fetched, below public_base_url.
inline constexpr char kMediaPath[] = "/sms/media/";

// The account as the pure parts want it.
SmsAccountView ViewOf(const channels::ChannelAccount& account);

// The views of accounts that doors look at with every request, each made once.
//
// Threads: safe from any.
class AccountViews {
 public:
  std::shared_ptr<const SmsAccountView> Of(
      const std::shared_ptr<const channels::ChannelAccount>& account);

 private:
  struct Kept {
    std::shared_ptr<const channels::ChannelAccount> account;
    std::shared_ptr<const SmsAccountView> view;
  };

  std::mutex mutex_;
  std::map<const channels::ChannelAccount*, Kept> kept_;
};

// Who may have signed a request to this account. FAILED_PRECONDITION when no secret can be read;
// single ones that cannot are left out (a rotation that is half done).
absl::StatusOr<SigningSecrets> SecretsOf(const channels::AccountDirectory& accounts,
                                         const channels::ChannelAccount& account);

// The auth token for our calls: the first of the list. FAILED_PRECONDITION when there is none,
// UNAVAILABLE when it cannot be read.
absl::StatusOr<std::string> CallToken(const channels::AccountDirectory& accounts,
                                      const channels::ChannelAccount& account);

// `ambiguity_wait`; zero when it is empty or not a duration.
absl::Duration AmbiguityWait(const channels::ChannelAccount& account);

// Is this host the vendor's, so that credentials may be sent there: the host of the account's API,
// or one of Twilio's own?
bool IsVendorHost(const SmsAccountView& account, std::string_view host);

}  // namespace trama::sms
