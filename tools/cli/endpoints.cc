#include "tools/cli/endpoints.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "services/kernel/strings.h"
#include "services/kernel/suggestion.h"

namespace trama::tramactl {
namespace {

absl::Status Malformed(const std::string& field, const char* should) {
  return absl::InvalidArgumentError(absl::StrCat("field \"", field, "\" must be ", should));
}

absl::Status TakeText(const nlohmann::json& json, const char* field, std::string& text) {
  const auto it = json.find(field);
  if (it == json.end()) return absl::OkStatus();
  if (!it->is_string()) return Malformed(field, "a text");
  text = it->get<std::string>();
  return absl::OkStatus();
}

// A list of addresses; one alone may stand without a list.
absl::Status TakeAddresses(const nlohmann::json& json, const std::string& field,
                           std::vector<std::string>& addresses) {
  if (json.is_string()) {
    addresses.push_back(json.get<std::string>());
    return absl::OkStatus();
  }
  if (!json.is_array()) return Malformed(field, "a list of host:port");
  for (const nlohmann::json& address : json) {
    if (!address.is_string()) return Malformed(field, "a list of host:port");
    addresses.push_back(address.get<std::string>());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Endpoints> ParseEndpoints(std::string_view json) {
  const nlohmann::json parsed = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return absl::InvalidArgumentError("is not a JSON object");
  Endpoints endpoints;
  absl::Status status = TakeText(parsed, "kafka", endpoints.kafka);
  if (status.ok()) status = TakeText(parsed, "workspace", endpoints.workspace);
  if (!status.ok()) return status;

  const nlohmann::json& grpc = parsed.value("grpc", nlohmann::json::object());
  if (!grpc.is_object()) return Malformed("grpc", "an object");
  for (const auto& [service, addresses] : grpc.items()) {
    status = TakeAddresses(addresses, absl::StrCat("grpc.", service), endpoints.grpc[service]);
    if (!status.ok()) return status;
  }
  const nlohmann::json& tokens = parsed.value("tokens", nlohmann::json::object());
  if (!tokens.is_object()) return Malformed("tokens", "an object");
  for (const auto& [name, token] : tokens.items()) {
    if (!token.is_string()) return Malformed(absl::StrCat("tokens.", name), "a text");
    endpoints.tokens[name] = token.get<std::string>();
  }
  return endpoints;
}

absl::StatusOr<std::string> TokenOf(const Endpoints& endpoints, const std::string& workspace,
                                    const std::string& name) {
  for (const std::string& key : {absl::StrCat(workspace, "/", name), name}) {
    const auto it = endpoints.tokens.find(key);
    if (it != endpoints.tokens.end()) return it->second;
  }
  std::vector<std::string> names;
  for (const auto& [known, token] : endpoints.tokens) names.push_back(known);
  return absl::NotFoundError(absl::StrCat("there is no token of \"", name, "\"",
                                          DidYouMean(name, names), "; there are ",
                                          names.empty() ? "none" : absl::StrJoin(names, ", ")));
}

}  // namespace trama::tramactl
