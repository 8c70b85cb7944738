#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/channels/common/account_directory.h"
#include "services/channels/common/sender.h"
#include "services/channels/sms/opt_outs.h"
#include "services/channels/sms/send.h"
#include "services/platform/base/clock.h"
#include "services/platform/http/http_client.h"

namespace trama::sms {

// Sends by Twilio's Messages resource. Threads: safe from any. What it is given must outlive every
// call.
class TwilioSender final : public channels::Sender {
 public:
  // For one request, connecting included.
  static constexpr absl::Duration kCallMax = absl::Seconds(12);
  // The vendor fetches files soon after it has taken the message, or when its queue lets it.
  static constexpr absl::Duration kMediaLinkLife = absl::Hours(24);

  TwilioSender(const channels::AccountDirectory& accounts, OptOuts& opt_outs,
               platform::HttpClient& http, const platform::Clock& clock)
      : accounts_(accounts), opt_outs_(opt_outs), http_(http), clock_(clock) {}

  platform::Awaitable<channels::SendOutcome> Send(channels::OutboundPtr message,
                                                  channels::Attempt attempt) override;
  platform::Awaitable<channels::FindOutcome> Find(
      channels::OutboundPtr message, channels::Attempt attempt,
      std::shared_ptr<const std::set<std::string>> taken) override;

 private:
  platform::Awaitable<platform::HttpOutcome> Call(VendorRequest request, SmsAccountView account,
                                                  std::string token, std::string traceparent);

  const channels::AccountDirectory& accounts_;
  OptOuts& opt_outs_;
  platform::HttpClient& http_;
  const platform::Clock& clock_;
};

}  // namespace trama::sms
