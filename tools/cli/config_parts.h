#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tools/cli/context.h"
#include "tools/cli/resource_file.h"
#include "trama/config/v1/config_service.pb.h"

// What the commands about the configuration have in common.
namespace trama::tramactl {

// -f, and the resources that it names: every mistake in them at once.
Flag FileFlag();
absl::StatusOr<std::vector<LocatedResource>> ReadResourceFiles(Context& context,
                                                               const Arguments& arguments);

config::v1::ApplyRequest RequestFor(const std::vector<LocatedResource>& resources);

// What the service refused of them, with file, line and column; other errors stay as they are.
absl::Status Placed(const absl::Status& refusal, const std::vector<LocatedResource>& resources);

// --expected-revision; 0 when it is not given.
Flag ExpectedRevisionFlag();
absl::StatusOr<int64_t> ExpectedRevision(const Arguments& arguments);

// A resource by positional KIND and a name.
absl::StatusOr<config::v1::ResourceRef> RefOf(Context& context, const Arguments& arguments,
                                              const std::string& name);

// Every resource of a kind (empty: all) in a workspace (empty: all).
absl::StatusOr<std::vector<config::v1::Resource>> ListAll(Context& context, const std::string& kind,
                                                          const std::string& workspace);

// "created"
const char* WordOf(config::v1::Change::Action action);

// The answer to a change: what became of each resource.
template <typename Response>
void Show(Output& out, const Response& response, bool is_dry_run) {
  out.One(ToJson(response), [&] {
    TextTable table({"KIND", "WORKSPACE", "NAME", "WHAT"});
    for (const config::v1::Change& change : response.changes()) {
      table.Add({change.kind(), change.workspace(), change.name(), WordOf(change.action())});
    }
    return absl::StrCat(out.Render(table), is_dry_run ? "dry run at " : "", "revision ",
                        response.revision(), "\n");
  });
}

}  // namespace trama::tramactl
