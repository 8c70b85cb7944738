// trama-profile: knows who a customer is and all that happened with him.

#include "services/platform/redis/redis_flags.h"
#include "services/platform/service/service_main.h"
#include "services/profile/profile.h"

int main(int argc, char** argv) {
  using namespace trama;
  return platform::ServiceMain(
      argc, argv,
      {.name = "profile",
       .purpose = "Knows who a customer is and all that happened with him.",
       .needs = {platform::CommonFlag::kRedis, platform::CommonFlag::kBlobDir,
                 platform::CommonFlag::kTokensFile},
       .validators = {platform::CheckKafkaFlags, platform::CheckRedisFlags}},
      profile::SetUp);
}
