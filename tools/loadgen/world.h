#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/platform/kafka/kafka_config.h"

namespace trama::loadgen {

// Who acts through which token.
struct Credential {
  std::string name;
  std::string token;
};

// One channel as both its sides see it: the doors of Trama that customers reach, and the facts of
// the account, which differ by channel ("auth_token", "address", "sink" …).
struct ChannelWorld {
  std::vector<std::string> doors;  // Addresses of every replica.
  std::map<std::string, std::string> facts;

  // Empty when there is none of that name.
  const std::string& Fact(const std::string& name) const;
};

// What a run needs to know: where the stack is (endpoints.json, as tools/up writes it) and the
// workspace that was made for it (load.json, as tools/loadgen/run writes it).
struct World {
  platform::KafkaConfig kafka;
  std::map<std::string, std::vector<std::string>> grpc;  // Service → addresses.
  std::string workspace;
  std::string supervisor_token;
  std::vector<Credential> agents;
  std::map<std::string, ChannelWorld> channels;  // By name: "sms", "email".
};

// INVALID_ARGUMENT names the file ("endpoints" or "world") and the field.
absl::StatusOr<World> ParseWorld(std::string_view endpoints_json, std::string_view world_json);

}  // namespace trama::loadgen
