#pragma once

#include <string>

#include "absl/time/time.h"
#include "services/channels/common/account_directory.h"
#include "services/platform/net/awaitable.h"
#include "services/platform/redis/redis_client.h"
#include "trama/types/v1/types.pb.h"

namespace trama::sms {

// Who does not want messages from an account, as far as this service has seen it: opt-out words and
// the vendor's refusals. A second net: routing, which folds every consent event, is the first and
// the exact one. Kept in Redis under keyed digests of the numbers; without Redis nobody is known to
// have opted out.
//
// Threads: safe from any. What it is given must outlive every call.
class OptOuts {
 public:
  static constexpr absl::Duration kWaitMax = absl::Milliseconds(200);

  OptOuts(platform::RedisClient* redis, const channels::AccountDirectory& accounts)
      : redis_(redis), accounts_(accounts) {}

  platform::Awaitable<bool> Has(std::string workspace, std::string account,
                                types::v1::Identifier who);
  platform::Awaitable<void> Set(std::string workspace, std::string account,
                                types::v1::Identifier who, bool opted_out);

 private:
  // Empty when the workspace has no identity secret.
  std::string MemberOf(const std::string& workspace, const types::v1::Identifier& who) const;

  platform::RedisClient* const redis_;
  const channels::AccountDirectory& accounts_;
};

}  // namespace trama::sms
