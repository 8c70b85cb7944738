// trama-whatsapp: WhatsApp by the Cloud API, in and out.

#include "services/channels/whatsapp/whatsapp.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/service/service_main.h"

int main(int argc, char** argv) {
  using namespace trama;
  return platform::ServiceMain(
      argc, argv,
      {.name = "whatsapp",
       .purpose = "Takes in and delivers WhatsApp messages by the Cloud API.",
       .needs = {platform::CommonFlag::kRedis, platform::CommonFlag::kBlobDir},
       .validators = {platform::CheckKafkaFlags, whatsapp::CheckSettings}},
      whatsapp::SetUp);
}
