// trama-sla: watches the clocks of conversations.

#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/service/service_main.h"
#include "services/sla/sla.h"

int main(int argc, char** argv) {
  using namespace trama;
  return platform::ServiceMain(
      argc, argv,
      {.name = "sla",
       .purpose = "Watches the clocks of conversations: warns before a target is missed, and says "
                  "when it was.",
       .needs = {platform::CommonFlag::kTokensFile, platform::CommonFlag::kServiceTokenFile,
                 platform::CommonFlag::kScratchDir},
       .validators = {platform::CheckKafkaFlags}},
      sla::SetUp);
}
