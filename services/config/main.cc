// trama-config: keeps what workspaces, queues, agents and accounts there are.

#include "services/config/config.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/service/service_main.h"

int main(int argc, char** argv) {
  using namespace trama;
  return platform::ServiceMain(
      argc, argv,
      {.name = "config",
       .purpose = "Keeps the configuration: checks every change as a whole and publishes it as one "
                  "revision.",
       .needs = {platform::CommonFlag::kTokensFile},
       .validators = {platform::CheckKafkaFlags}},
      config::SetUp);
}
