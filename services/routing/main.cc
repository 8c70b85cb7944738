// trama-routing: decides who answers whom.

#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/service/service_main.h"
#include "services/routing/routing.h"

int main(int argc, char** argv) {
  using namespace trama;
  return platform::ServiceMain(
      argc, argv,
      {.name = "routing",
       .purpose = "Decides who answers whom: conversations, queues, offers, replies.",
       // Replies carry files.
       .defaults = {{"grpc_message_bytes_max", "16777216"}},
       .needs = {platform::CommonFlag::kTokensFile, platform::CommonFlag::kServiceTokenFile,
                 platform::CommonFlag::kBlobDir, platform::CommonFlag::kProfileAddress,
                 platform::CommonFlag::kScratchDir},
       .validators = {platform::CheckKafkaFlags}},
      routing::SetUp);
}
