#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trama::tramactl {

// What `.run/endpoints.json` lists; tools/up writes it. Fields that are not used here may stand in
// it too.
struct Endpoints {
  std::string kafka;                                     // "127.0.0.1:9092"
  std::map<std::string, std::vector<std::string>> grpc;  // Service → addresses.
  std::map<std::string, std::string> tokens;             // "ana" or "acme/ana" → token.
  std::string workspace;                                 // The one that is meant by default.
};

// INVALID_ARGUMENT names the field that has not the right form.
absl::StatusOr<Endpoints> ParseEndpoints(std::string_view json);

// The token of a name within a workspace: "<workspace>/<name>" before "<name>". NOT_FOUND lists the
// names that there are.
absl::StatusOr<std::string> TokenOf(const Endpoints& endpoints, const std::string& workspace,
                                    const std::string& name);

}  // namespace trama::tramactl
