// trama-sms: SMS and MMS by Twilio Messaging, in and out.

#include "services/channels/common/channel_parts.h"
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
       .defaults = {{"http_listen", "127.0.0.1:8010"}},
       .needs = {platform::CommonFlag::kRedis, platform::CommonFlag::kBlobDir},
       .validators = {platform::CheckKafkaFlags, platform::CheckRedisFlags,
                      channels::CheckChannelFlags}},
      sms::SetUp);
}
