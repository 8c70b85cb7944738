#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/strings.h"
#include "tools/cli/commands.h"
#include "tools/cli/context.h"
#include "tools/cli/kinds.h"
#include "tools/cli/resource_file.h"
#include "trama/config/v1/config_service.grpc.pb.h"

namespace trama::tramactl {
namespace {

using config::v1::Change;
using config::v1::ConfigService;
using config::v1::Resource;

const char* WordOf(Change::Action action) {
  switch (action) {
    case Change::ACTION_CREATED:
      return "created";
    case Change::ACTION_CHANGED:
      return "changed";
    case Change::ACTION_DELETED:
      return "deleted";
    default:
      return "unchanged";
  }
}

template <typename Response>
void Show(Output& out, const Response& response, bool is_dry_run) {
  out.One(ToJson(response), [&] {
    TextTable table({"KIND", "WORKSPACE", "NAME", "WHAT"});
    for (const Change& change : response.changes()) {
      table.Add({change.kind(), change.workspace(), change.name(), WordOf(change.action())});
    }
    return absl::StrCat(out.Render(table), is_dry_run ? "dry run at " : "", "revision ",
                        response.revision(), "\n");
  });
}

// Every mistake on a line of its own; the caller's status names their number.
absl::Status Refuse(const std::vector<Mistake>& mistakes) {
  const std::string lines = absl::StrJoin(
      mistakes, "\n",
      [](std::string* out, const Mistake& mistake) { absl::StrAppend(out, mistake.ToString()); });
  return absl::FailedPreconditionError(
      absl::StrCat("nothing was applied: ", mistakes.size(),
                   mistakes.size() == 1 ? " mistake\n" : " mistakes\n", lines));
}

absl::StatusOr<std::vector<LocatedResource>> ReadFiles(Context& context,
                                                       const Arguments& arguments) {
  std::vector<Mistake> mistakes;
  std::vector<LocatedResource> resources;
  for (const std::string& name : arguments.All("file")) {
    const absl::StatusOr<std::vector<std::string>> files = YamlFilesAt(name);
    if (!files.ok()) return files.status();
    for (const std::string& file : *files) {
      const absl::StatusOr<std::string> text = ReadWhole(file, kYamlFileMaxBytes);
      if (!text.ok()) return text.status();
      const std::string shown = file == "-" ? "(standard input)" : file;
      for (LocatedResource& resource :
           ReadResources(ParseYaml(shown, *text, mistakes), context.workspace(),
                         context.environment(), mistakes)) {
        resources.push_back(std::move(resource));
      }
    }
  }
  if (!mistakes.empty()) return Refuse(mistakes);
  if (resources.empty()) return absl::InvalidArgumentError("there is no resource in these files");
  return resources;
}

absl::Status Apply(Context& context, const Arguments& arguments) {
  context.ActAs({"admin"});
  const absl::StatusOr<std::vector<LocatedResource>> resources = ReadFiles(context, arguments);
  if (!resources.ok()) return resources.status();
  config::v1::ApplyRequest request;
  for (const LocatedResource& located : *resources) *request.add_resources() = located.resource;
  request.set_dry_run(arguments.Has("dry-run"));
  request.set_command_id(context.command_id());
  if (arguments.Has("expected-revision")) {
    int64_t revision = 0;
    if (!absl::SimpleAtoi(arguments.Get("expected-revision"), &revision) || revision <= 0) {
      return UsageError("--expected-revision must be a number above 0");
    }
    request.set_expected_revision(revision);
  }

  const auto response = context.Call("config", request, &ConfigService::Stub::Apply);
  if (response.ok()) {
    Show(context.out(), *response, request.dry_run());
    return absl::OkStatus();
  }
  const std::vector<FieldViolation> violations = FieldViolationsOf(response.status());
  if (violations.empty()) return response.status();
  std::vector<Mistake> mistakes;
  for (const FieldViolation& violation : violations) {
    mistakes.push_back(MistakeOf(violation, *resources));
  }
  return Refuse(mistakes);
}

absl::StatusOr<config::v1::ResourceRef> RefOf(Context& context, const Arguments& arguments,
                                              const std::string& name) {
  const absl::StatusOr<std::string> kind = ParseKind(arguments.Get("KIND"));
  if (!kind.ok()) return UsageError(ToStd(kind.status().message()));
  config::v1::ResourceRef ref;
  ref.set_kind(*kind);
  ref.set_name(name);
  if (*kind != "Workspace") ref.set_workspace(context.workspace());
  return ref;
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

absl::StatusOr<std::vector<Resource>> ListAll(Context& context, const std::string& kind,
                                              const std::string& workspace) {
  std::vector<Resource> resources;
  config::v1::ListRequest request;
  request.set_kind(kind);
  request.set_workspace(workspace);
  request.set_page_size(1000);
  do {
    auto page = context.Call("config", request, &ConfigService::Stub::List);
    if (!page.ok()) return page.status();
    for (Resource& resource : *page->mutable_resources()) resources.push_back(std::move(resource));
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return resources;
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
       .flags = {{.name = "file",
                  .letter = 'f',
                  .value = "FILE",
                  .help =
                      "A file, a folder (its *.yaml, *.yml and *.json), or - for standard input",
                  .repeated = true,
                  .required = true},
                 dry_run,
                 {.name = "expected-revision",
                  .value = "N",
                  .help = "Refuse unless the configuration is at revision N"}},
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
