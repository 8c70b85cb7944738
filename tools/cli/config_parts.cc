#include "tools/cli/config_parts.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "services/kernel/errors.h"
#include "services/kernel/strings.h"
#include "tools/cli/kinds.h"
#include "tools/cli/yaml_file.h"
#include "trama/config/v1/config_service.grpc.pb.h"

namespace trama::tramactl {

using config::v1::Change;

namespace {

// Every mistake on a line of its own; the caller's status names their number.
absl::Status Refuse(const std::vector<Mistake>& mistakes) {
  const std::string lines = absl::StrJoin(
      mistakes, "\n",
      [](std::string* out, const Mistake& mistake) { absl::StrAppend(out, mistake.ToString()); });
  return absl::FailedPreconditionError(
      absl::StrCat("nothing was applied: ", mistakes.size(),
                   mistakes.size() == 1 ? " mistake\n" : " mistakes\n", lines));
}

}  // namespace

Flag FileFlag() {
  return {.name = "file",
          .letter = 'f',
          .value = "FILE",
          .help = "A file, a folder (its *.yaml, *.yml and *.json), or - for standard input",
          .repeated = true,
          .required = true};
}

Flag ExpectedRevisionFlag() {
  return {.name = "expected-revision",
          .value = "N",
          .help = "Refuse unless the configuration is at revision N"};
}

absl::StatusOr<int64_t> ExpectedRevision(const Arguments& arguments) {
  if (!arguments.Has("expected-revision")) return 0;
  int64_t revision = 0;
  if (absl::SimpleAtoi(arguments.Get("expected-revision"), &revision) && revision > 0) {
    return revision;
  }
  return UsageError("--expected-revision must be a number above 0");
}

absl::StatusOr<std::vector<LocatedResource>> ReadResourceFiles(Context& context,
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

config::v1::ApplyRequest RequestFor(const std::vector<LocatedResource>& resources) {
  config::v1::ApplyRequest request;
  for (const LocatedResource& located : resources) *request.add_resources() = located.resource;
  return request;
}

absl::Status Placed(const absl::Status& refusal, const std::vector<LocatedResource>& resources) {
  const std::vector<FieldViolation> violations = FieldViolationsOf(refusal);
  if (violations.empty()) return refusal;
  std::vector<Mistake> mistakes;
  for (const FieldViolation& violation : violations) {
    mistakes.push_back(MistakeOf(violation, resources));
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

absl::StatusOr<std::vector<config::v1::Resource>> ListAll(Context& context, const std::string& kind,
                                                          const std::string& workspace) {
  std::vector<config::v1::Resource> resources;
  config::v1::ListRequest request;
  request.set_kind(kind);
  request.set_workspace(workspace);
  request.set_page_size(1000);
  do {
    auto page = context.Call("config", request, &config::v1::ConfigService::Stub::List);
    if (!page.ok()) return page.status();
    for (config::v1::Resource& resource : *page->mutable_resources())
      resources.push_back(std::move(resource));
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return resources;
}

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

}  // namespace trama::tramactl
