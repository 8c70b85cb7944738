// trama-whatsapp: WhatsApp by the Cloud API, in and out.

#include "services/channels/common/channel_parts.h"
#include "services/channels/whatsapp/whatsapp.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/redis/redis_flags.h"
#include "services/platform/service/service_main.h"

int main(int argc, char** argv) {
  using namespace trama;
  return platform::ServiceMain(
      argc, argv,
      {.name = "whatsapp",
       .purpose = "Takes in and delivers WhatsApp messages by the Cloud API.",
       .defaults = {{"http_listen", "127.0.0.1:8011"}},
       .needs = {platform::CommonFlag::kRedis, platform::CommonFlag::kBlobDir},
       .validators = {platform::CheckKafkaFlags, platform::CheckRedisFlags,
                      channels::CheckChannelFlags}},
      whatsapp::SetUp);
}
