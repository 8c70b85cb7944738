#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/strings.h"
#include "tools/cli/commands.h"
#include "tools/cli/config_parts.h"
#include "tools/cli/context.h"
#include "tools/cli/kinds.h"
#include "trama/config/v1/config_service.grpc.pb.h"

namespace trama::tramactl {
namespace {

using config::v1::ConfigService;
using config::v1::Resource;

absl::Status Apply(Context& context, const Arguments& arguments) {
  context.ActAs({"admin"});
  const absl::StatusOr<std::vector<LocatedResource>> resources =
      ReadResourceFiles(context, arguments);
  if (!resources.ok()) return resources.status();
  config::v1::ApplyRequest request = RequestFor(*resources);
  request.set_dry_run(arguments.Has("dry-run"));
  request.set_command_id(context.command_id());
  const absl::StatusOr<int64_t> expected = ExpectedRevision(arguments);
  if (!expected.ok()) return expected.status();
  request.set_expected_revision(*expected);

  const auto response = context.Call("config", request, &ConfigService::Stub::Apply);
  if (response.ok()) {
    Show(context.out(), *response, request.dry_run());
    return absl::OkStatus();
  }
  return Placed(response.status(), *resources);
}

absl::Status Delete(Context& context, const Arguments& arguments) {
  context.ActAs({"admin"});
  config::v1::DeleteRequest request;
  for (const std::string& name : arguments.All("NAME")) {
    auto ref = RefOf(context, arguments, name);
    if (!ref.ok()) return ref.status();
    *request.add_resources() = *std::move(ref);
  }
  request.set_dry_run(arguments.Has("dry-run"));
  request.set_command_id(context.command_id());
  const auto response = context.Call("config", request, &ConfigService::Stub::Delete);
  if (!response.ok()) return response.status();
  Show(context.out(), *response, request.dry_run());
  return absl::OkStatus();
}

// The few things of a spec that one wants to see in a list.
std::string Gist(const Resource& resource) {
  constexpr size_t kCharactersMax = 90;
  const google::protobuf::Message* spec = SpecOf(resource);
  return spec == nullptr ? "" : Shortened(ToLine(ToJson(*spec)), kCharactersMax);
}

absl::Status Get(Context& context, const Arguments& arguments) {
  context.ActAs({"admin", "supervisor"});
  std::vector<Resource> resources;
  const std::vector<std::string> names = arguments.All("NAME");
  for (const std::string& name : names) {
    config::v1::GetRequest request;
    auto ref = RefOf(context, arguments, name);
    if (!ref.ok()) return ref.status();
    *request.mutable_resource() = *std::move(ref);
    auto response = context.Call("config", request, &ConfigService::Stub::Get);
    if (!response.ok()) return response.status();
    resources.push_back(std::move(*response->mutable_resource()));
  }
  if (names.empty()) {
    const bool is_all = arguments.Get("KIND") == "all";
    const absl::StatusOr<std::string> kind =
        is_all ? absl::StatusOr<std::string>("") : ParseKind(arguments.Get("KIND"));
    if (!kind.ok()) return UsageError(ToStd(kind.status().message()));
    // Workspaces are listed whatever the workspace.
    const bool everywhere = arguments.Has("all-workspaces") || *kind == "Workspace";
    auto listed = ListAll(context, *kind, everywhere ? "" : context.workspace());
    if (!listed.ok() && *kind == "Workspace" && !arguments.Has("all-workspaces")) {
      listed = ListAll(context, *kind, context.workspace());  // Who may see only his own.
    }
    if (!listed.ok()) return listed.status();
    resources = *std::move(listed);
  }
  std::vector<Json> items;
  TextTable table({"KIND", "WORKSPACE", "NAME", "REVISION", "SPEC"});
  for (const Resource& resource : resources) {
    items.push_back(ResourceJson(resource));
    table.Add({resource.kind(), resource.metadata().workspace(), resource.metadata().name(),
               absl::StrCat(resource.metadata().revision()), Gist(resource)});
  }
  context.out().Many(
      items, [&] { return table; }, "there is none");
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> ConfigCommands() {
  const Positional kind = {"KIND", "Such as queues, agent, sla-policies, accounts"};
  const Flag dry_run = {.name = "dry-run", .help = "Only say what would change"};
  return {
      {.path = {"apply"},
       .summary = "Create or change resources from YAML files, all or none",
       .details = "A file may hold several documents. ${NAME} in a value is replaced from the\n"
                  "environment. Resources that name no workspace are put into that of --workspace.",
       .flags = {FileFlag(), dry_run, ExpectedRevisionFlag()},
       .run = Apply},
      {.path = {"get"},
       .summary = "Show resources: all of a kind, those named, or everything (get all)",
       .details = "With -o yaml what is shown can be applied again.",
       .positionals = {kind, {"NAME", "Which", true, true}},
       .flags = {{.name = "all-workspaces", .letter = 'A', .help = "Of every workspace"}},
       .run = Get},
      {.path = {"delete"},
       .summary = "Delete resources, all or none",
       .positionals = {kind, {"NAME", "Which", false, true}},
       .flags = {dry_run},
       .run = Delete}};
}

}  // namespace trama::tramactl
