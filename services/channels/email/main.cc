// trama-email: e-mail, in by SMTP and LMTP, out by SMTP.

#include "services/channels/email/email.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/redis/redis_flags.h"
#include "services/platform/service/service_main.h"

int main(int argc, char** argv) {
  using namespace trama;
  return platform::ServiceMain(
      argc, argv,
      {.name = "email",
       .purpose = "Takes in e-mail by SMTP and LMTP and delivers it by SMTP.",
       .needs = {platform::CommonFlag::kRedis, platform::CommonFlag::kBlobDir},
       .validators = {platform::CheckKafkaFlags, platform::CheckRedisFlags, email::CheckSettings}},
      email::SetUp);
}
