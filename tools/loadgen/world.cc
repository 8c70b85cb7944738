#include "tools/loadgen/world.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace trama::loadgen {
namespace {

using Json = nlohmann::json;

// Where a channel's customers knock: the part of endpoints.json and the name in it.
std::string DoorKind(const std::string& channel) { return channel == "email" ? "smtp" : "http"; }

std::vector<std::string> TextsOf(const Json& json) {
  if (json.is_string()) return {json.get<std::string>()};
  std::vector<std::string> texts;
  for (const Json& each : json) texts.push_back(each.get<std::string>());
  return texts;
}

absl::Status ReadEndpoints(const Json& json, World& world) {
  world.kafka.client_id = "loadgen";
  world.kafka.brokers = json.at("kafka").get<std::string>();
  for (const auto& [service, addresses] : json.at("grpc").items()) {
    world.grpc[service] = TextsOf(addresses);
  }
  for (const char* needed : {"routing", "profile", "reporting"}) {
    if (world.grpc[needed].empty()) {
      return absl::InvalidArgumentError(absl::StrCat("endpoints: grpc.", needed, " is missing"));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadChannels(const Json& endpoints, const Json& channels, World& world) {
  for (const auto& [name, facts] : channels.items()) {
    ChannelWorld& channel = world.channels[name];
    for (const auto& [fact, value] : facts.items()) {
      channel.facts[fact] = value.get<std::string>();
    }
    channel.doors = TextsOf(endpoints.at(DoorKind(name)).at(name));
    if (channel.doors.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("endpoints: ", DoorKind(name), ".", name, " has no address"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<World> Read(const Json& endpoints, const Json& load) {
  World world;
  absl::Status status = ReadEndpoints(endpoints, world);
  if (!status.ok()) return status;
  world.workspace = load.at("workspace").get<std::string>();
  world.supervisor_token = load.at("supervisor_token").get<std::string>();
  for (const Json& agent : load.at("agents")) {
    world.agents.push_back({agent.at("name"), agent.at("token")});
  }
  status = ReadChannels(endpoints, load.at("channels"), world);
  if (!status.ok()) return status;
  if (world.agents.empty()) return absl::InvalidArgumentError("world: there are no agents");
  return world;
}

}  // namespace

const std::string& ChannelWorld::Fact(const std::string& name) const {
  static const std::string* const kNone = new std::string();
  const auto it = facts.find(name);
  return it == facts.end() ? *kNone : it->second;
}

absl::StatusOr<World> ParseWorld(std::string_view endpoints_json, std::string_view world_json) {
  const Json endpoints = Json::parse(endpoints_json, nullptr, /*allow_exceptions=*/false);
  if (!endpoints.is_object()) return absl::InvalidArgumentError("endpoints: is no JSON object");
  const Json load = Json::parse(world_json, nullptr, /*allow_exceptions=*/false);
  if (!load.is_object()) return absl::InvalidArgumentError("world: is no JSON object");
  try {
    return Read(endpoints, load);
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("endpoints or world: ", error.what()));
  }
}

}  // namespace trama::loadgen
