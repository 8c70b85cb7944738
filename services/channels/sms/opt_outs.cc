#include "services/channels/sms/opt_outs.h"

#include "services/kernel/ids.h"
#include "services/platform/redis/redis_key.h"

namespace trama::sms {

namespace {

std::string KeyOf(const std::string& workspace, const std::string& account) {
  return platform::RedisKey(workspace, "sms", "opted-out", account);
}

}  // namespace

std::string OptOuts::MemberOf(const std::string& workspace,
                              const types::v1::Identifier& who) const {
  const absl::StatusOr<std::string> secret = accounts_.IdentitySecret(workspace);
  return secret.ok() ? KeyedId(*secret, {"opted out", who.scope(), who.value()}) : "";
}

platform::Awaitable<bool> OptOuts::Has(std::string workspace, std::string account,
                                       types::v1::Identifier who) {
  const std::string member = MemberOf(workspace, who);
  if (redis_ == nullptr || member.empty()) co_return false;
  platform::RedisCommand command = {"SISMEMBER", KeyOf(workspace, account), member};
  const absl::StatusOr<platform::RedisReply> reply =
      co_await redis_->Call(std::move(command), kWaitMax);
  co_return reply.ok() && reply->integer == 1;
}

platform::Awaitable<void> OptOuts::Set(std::string workspace, std::string account,
                                       types::v1::Identifier who, bool opted_out) {
  const std::string member = MemberOf(workspace, who);
  if (redis_ == nullptr || member.empty()) co_return;
  platform::RedisCommand command = {opted_out ? "SADD" : "SREM", KeyOf(workspace, account), member};
  co_await redis_->Call(std::move(command), kWaitMax);
}

}  // namespace trama::sms
