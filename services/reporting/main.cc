// trama-reporting: counts what the engines wrote and answers with figures.

#include "services/platform/redis/redis_flags.h"
#include "services/platform/service/service_main.h"
#include "services/reporting/reporting.h"

int main(int argc, char** argv) {
  using namespace trama;
  return platform::ServiceMain(
      argc, argv,
      {.name = "reporting",
       .purpose = "Counts what the engines wrote and answers with figures.",
       .needs = {platform::CommonFlag::kRedis, platform::CommonFlag::kTokensFile},
       .validators = {platform::CheckKafkaFlags, platform::CheckRedisFlags}},
      reporting::SetUp);
}
