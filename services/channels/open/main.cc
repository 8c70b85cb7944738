// trama-open: a channel that an integrator brings by signed HTTP, in and out.

#include "services/channels/common/channel_parts.h"
#include "services/channels/open/open.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/redis/redis_flags.h"
#include "services/platform/service/service_main.h"

int main(int argc, char** argv) {
  using namespace trama;
  return platform::ServiceMain(
      argc, argv,
      {.name = "open",
       .purpose = "Takes in and delivers messages of a channel that an integrator brings by HTTP.",
       .defaults = {{"http_listen", "127.0.0.1:8040"}},
       .needs = {platform::CommonFlag::kRedis, platform::CommonFlag::kBlobDir},
       .validators = {platform::CheckKafkaFlags, platform::CheckRedisFlags,
                      channels::CheckChannelFlags}},
      open_channel::SetUp);
}
