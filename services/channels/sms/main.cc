// trama-sms: SMS and MMS by Twilio Messaging, in and out.

#include "services/channels/sms/sms.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/redis/redis_flags.h"
#include "services/platform/service/service_main.h"

int main(int argc, char** argv) {
  using namespace trama;
  return platform::ServiceMain(
      argc, argv,
      {.name = "sms",
       .purpose = "Takes in and delivers SMS and MMS by Twilio Messaging.",
       .needs = {platform::CommonFlag::kRedis, platform::CommonFlag::kBlobDir},
       .validators = {platform::CheckKafkaFlags, platform::CheckRedisFlags, sms::CheckSettings}},
      sms::SetUp);
}
