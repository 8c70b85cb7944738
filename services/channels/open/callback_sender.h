#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/channels/common/account_directory.h"
#include "services/channels/common/sender.h"
#include "services/channels/open/account.h"
#include "services/platform/base/clock.h"
#include "services/platform/http/http_client.h"
#include "services/platform/http/ssrf_guard.h"

namespace trama::open_channel {

// Sends by a signed POST to the account's callback_url, with the message's id as Idempotency-Key.
// Threads: safe from any. What it is given must outlive every call.
class CallbackSender final : public channels::Sender {
 public:
  // For one request, connecting included.
  static constexpr absl::Duration kCallMax = absl::Seconds(10);
  // From the message's creation: the time in which it is tried, and as much for the integrator. Not
  // from the attempt, so that a repeat is the same bytes.
  static constexpr absl::Duration kFileLinkLife = absl::Hours(48);

  // `http` has the address policy of `guard`. `wall_clock`: that of the machine, because
  // integrators compare the time of a signature with theirs.
  CallbackSender(const channels::AccountDirectory& accounts, platform::HttpClient& http,
                 const platform::SsrfGuard& guard, const platform::Clock& wall_clock)
      : accounts_(accounts), http_(http), guard_(guard), wall_clock_(wall_clock) {}

  platform::Awaitable<channels::SendOutcome> Send(channels::OutboundPtr message,
                                                  channels::Attempt attempt) override;

 private:
  platform::HttpClientRequest MakeRequest(platform::Url url, std::string body,
                                          const std::vector<std::string>& secrets,
                                          const outbound::v1::OutboundMessage& message,
                                          const channels::Attempt& attempt) const;

  const channels::AccountDirectory& accounts_;
  platform::HttpClient& http_;
  const platform::SsrfGuard& guard_;
  const platform::Clock& wall_clock_;
};

}  // namespace trama::open_channel
