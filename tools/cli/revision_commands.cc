#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/errors.h"
#include "services/kernel/strings.h"
#include "tools/cli/commands.h"
#include "tools/cli/config_parts.h"
#include "tools/cli/kinds.h"
#include "tools/cli/names.h"
#include "trama/config/v1/config_service.grpc.pb.h"

// The configuration over time: what would differ, who changed what, and back again.
namespace trama::tramactl {
namespace {

using config::v1::Change;
using config::v1::ConfigService;
using config::v1::FieldDifference;
using config::v1::ResourceDifference;
using config::v1::RevisionSummary;

// A call may have to read much of the history.
constexpr absl::Duration kHistoryTimeout = absl::Seconds(60);
constexpr int64_t kRevisionsDefault = 20;
constexpr int64_t kRevisionsMax = 10'000;
constexpr int64_t kRevisionPageMax = 100;

std::string Named(const std::string& kind, const std::string& workspace, const std::string& name) {
  return workspace.empty() ? absl::StrCat(kind, " ", name)
                           : absl::StrCat(kind, " ", workspace, "/", name);
}

char SignOf(Change::Action action) {
  if (action == Change::ACTION_CREATED) return '+';
  return action == Change::ACTION_DELETED ? '-' : '~';
}

std::string LineOf(const FieldDifference& field) {
  const std::string before = field.before().empty() ? "-" : field.before();
  const std::string after = field.after().empty() ? "-" : field.after();
  return OneLine(absl::StrCat("    ", field.field(), ": ", before, " → ", after));
}

// What differs, resource by resource and field by field.
template <typename Response>
std::string DifferencesText(const Response& response) {
  std::string text;
  int next = 0;  // Differences stand in the order of the changes.
  for (const Change& change : response.changes()) {
    if (change.action() == Change::ACTION_UNCHANGED) continue;
    absl::StrAppend(&text, std::string(1, SignOf(change.action())), " ",
                    Named(change.kind(), change.workspace(), change.name()), "\n");
    if (next == response.differences_size()) continue;
    const ResourceDifference& difference = response.differences(next++);
    for (const FieldDifference& field : difference.fields()) {
      absl::StrAppend(&text, LineOf(field), "\n");
    }
    if (difference.truncated()) absl::StrAppend(&text, "    … and more\n");
  }
  return text;
}

template <typename Response>
int64_t CountOfChanged(const Response& response) {
  return std::count_if(
      response.changes().begin(), response.changes().end(),
      [](const Change& change) { return change.action() != Change::ACTION_UNCHANGED; });
}

absl::Status Diff(Context& context, const Arguments& arguments) {
  context.ActAs({"admin"});
  const absl::StatusOr<std::vector<LocatedResource>> resources =
      ReadResourceFiles(context, arguments);
  if (!resources.ok()) return resources.status();
  config::v1::ApplyRequest request = RequestFor(*resources);
  request.set_dry_run(true);
  const auto response = context.Call("config", request, &ConfigService::Stub::Apply);
  if (!response.ok()) return Placed(response.status(), *resources);
  const int64_t changed = CountOfChanged(*response);
  context.out().One(ToJson(*response), [&] {
    return absl::StrCat(DifferencesText(*response), changed, " of ", response->changes_size(),
                        " resources differ\n");
  });
  return changed == 0 ? absl::OkStatus() : Differs();
}

// "created queue billing, changed agent ana, and 3 more"
std::string ChangesText(const RevisionSummary& revision) {
  constexpr int kShown = 3;
  std::vector<std::string> parts;
  if (revision.restored_revision() > 0) {
    parts.push_back(absl::StrCat("back to revision ", revision.restored_revision()));
  }
  for (const Change& change : revision.changes()) {
    if (static_cast<int>(parts.size()) == kShown) break;
    parts.push_back(absl::StrCat(WordOf(change.action()), " ",
                                 Named(change.kind(), change.workspace(), change.name())));
  }
  const int shown = static_cast<int>(parts.size()) - (revision.restored_revision() > 0 ? 1 : 0);
  if (revision.changes_count() > shown) {
    parts.push_back(absl::StrCat("and ", revision.changes_count() - shown, " more"));
  }
  return absl::StrJoin(parts, ", ");
}

absl::StatusOr<std::vector<RevisionSummary>> ReadRevisions(Context& context,
                                                           config::v1::HistoryRequest request,
                                                           int64_t limit) {
  std::vector<RevisionSummary> revisions;
  do {
    const int64_t left = limit - static_cast<int64_t>(revisions.size());
    request.set_page_size(static_cast<int32_t>(std::min(left, kRevisionPageMax)));
    auto page = context.Call("config", request, &ConfigService::Stub::History);
    if (!page.ok()) return page.status();
    for (RevisionSummary& revision : *page->mutable_revisions()) {
      revisions.push_back(std::move(revision));
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty() && static_cast<int64_t>(revisions.size()) < limit);
  return revisions;
}

absl::Status History(Context& context, const Arguments& arguments) {
  context.ActAs({"admin", "supervisor"});
  context.AllowTime(kHistoryTimeout);
  int64_t limit = kRevisionsDefault;
  if (arguments.Has("count") &&
      (!absl::SimpleAtoi(arguments.Get("count"), &limit) || limit < 1 || limit > kRevisionsMax)) {
    return UsageError(absl::StrCat("--count must be a number between 1 and ", kRevisionsMax));
  }
  config::v1::HistoryRequest request;
  if (!arguments.Has("all-workspaces")) request.set_workspace(context.workspace());
  if (arguments.Has("KIND")) {
    auto ref = RefOf(context, arguments, arguments.Get("NAME"));
    if (!ref.ok()) return ref.status();
    *request.mutable_resource() = *std::move(ref);
  }
  const auto revisions = ReadRevisions(context, std::move(request), limit);
  if (!revisions.ok()) return revisions.status();
  std::vector<Json> items;
  TextTable table({"REVISION", "WHEN", "AUTHOR", "WHAT"});
  for (const RevisionSummary& revision : *revisions) {
    items.push_back(ToJson(revision));
    table.Add({absl::StrCat(revision.revision()), ShortTime(revision.applied_at()),
               revision.author(), ChangesText(revision)});
  }
  context.out().Many(
      items, [&] { return table; }, "there is no revision");
  return absl::OkStatus();
}

absl::Status Rollback(Context& context, const Arguments& arguments) {
  context.ActAs({"admin"});
  context.AllowTime(kHistoryTimeout);
  config::v1::RollbackRequest request;
  int64_t revision = 0;
  if (!absl::SimpleAtoi(arguments.Get("REVISION"), &revision) || revision < 1) {
    return UsageError("REVISION must be a number of the history, see tramactl config history");
  }
  request.set_revision(revision);
  if (!arguments.Has("all-workspaces")) request.set_workspace(context.workspace());
  request.set_dry_run(arguments.Has("dry-run"));
  request.set_command_id(context.command_id());
  const absl::StatusOr<int64_t> expected = ExpectedRevision(arguments);
  if (!expected.ok()) return expected.status();
  request.set_expected_revision(*expected);
  const auto response = context.Call("config", request, &ConfigService::Stub::Rollback);
  if (!response.ok()) return response.status();
  if (!request.dry_run()) {
    Show(context.out(), *response, /*is_dry_run=*/false);
    return absl::OkStatus();
  }
  context.out().One(ToJson(*response), [&] {
    return absl::StrCat(DifferencesText(*response), CountOfChanged(*response),
                        " resources would change\n");
  });
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> RevisionCommands() {
  const Flag everywhere = {.name = "all-workspaces", .letter = 'A', .help = "Of every workspace"};
  return {
      {.path = {"config", "diff"},
       .summary = "What apply would change, field by field; exit code 1 if anything",
       .details = "Nothing is written. Resources that are not in the files are not looked at.",
       .flags = {FileFlag()},
       .run = Diff},
      {.path = {"config", "history"},
       .summary = "Who changed what, and when; newest first",
       .positionals = {{"KIND", "Only what changed resources of this kind", true},
                       {"NAME", "Only what changed this one", true}},
       .flags = {{.name = "count", .value = "N", .help = "How many revisions; 20 by default"},
                 everywhere},
       .run = History},
      {.path = {"config", "rollback"},
       .summary = "Make everything as a revision left it, as a new revision",
       .details = "Only in the workspace, unless --all-workspaces is given. The whole is checked\n"
                  "as by apply. --dry-run shows what would change, field by field.",
       .positionals = {{"REVISION", "Such as 12"}},
       .flags = {{.name = "dry-run", .help = "Only say what would change"},
                 everywhere,
                 ExpectedRevisionFlag()},
       .run = Rollback}};
}

}  // namespace trama::tramactl
