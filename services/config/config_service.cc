#include "services/config/config_service.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/config/history_page.h"
#include "services/kernel/errors.h"
#include "services/kernel/suggestion.h"
#include "services/platform/grpc/unary.h"

namespace trama::config {
namespace {

using platform::Access;
using platform::Call;

constexpr int32_t kPageDefault = 100;
constexpr int32_t kPageMax = 1000;
constexpr size_t kCommandIdMaxBytes = 128;
// What reads the history; tramactl gives it as much.
constexpr absl::Duration kHistoryDeadlineMax = absl::Minutes(1);
// Below the limit of an answer, whatever the resources hold.
constexpr size_t kPageMaxBytes = 3 << 20;

const std::vector<std::string_view>& Readers() {
  static const auto& roles =
      *new std::vector<std::string_view>{"admin", "supervisor", "agent", "integrator", "service"};
  return roles;
}

// The workspace by which the caller is let in: that of the first resource. That he may touch the
// others is checked when the change is planned.
template <typename Resources>
std::string WorkspaceOf(const Resources& resources) {
  return resources.empty() ? "" : IdOf(resources[0]).tenant();
}

absl::Status CheckCommandId(const std::string& id) {
  if (id.size() <= kCommandIdMaxBytes) return absl::OkStatus();
  return InvalidField("command_id", "", absl::StrCat("is longer than ", kCommandIdMaxBytes));
}

absl::Status CheckKind(const std::string& field, const std::string& kind) {
  if (SpecField(kind) != nullptr) return absl::OkStatus();
  return InvalidField(field, kind, absl::StrCat("is not a kind", DidYouMean(kind, Kinds())));
}

absl::StatusOr<ListFilter> FilterOf(const v1::ListRequest& request) {
  ListFilter filter{.kind = request.kind(), .workspace = request.workspace()};
  if (!filter.kind.empty()) {
    if (absl::Status status = CheckKind("kind", filter.kind); !status.ok()) return status;
  }
  if (request.page_size() < 0 || request.page_size() > kPageMax) {
    return InvalidField("page_size", absl::StrCat(request.page_size()),
                        absl::StrCat("must lie between 0 and ", kPageMax));
  }
  filter.count_max = request.page_size() == 0 ? kPageDefault : request.page_size();
  if (!request.page_token().empty()) {
    std::optional<ResourceId> after = ParseKey(request.page_token());
    if (!after) return InvalidField("page_token", "", "is not one that List has given");
    filter.after = *std::move(after);
  }
  return filter;
}

absl::StatusOr<v1::ListResponse> ListPage(const ConfigStore& store,
                                          const v1::ListRequest& request) {
  absl::StatusOr<ListFilter> filter = FilterOf(request);
  if (!filter.ok()) return filter.status();
  const Page page = List(store, *filter);
  v1::ListResponse response;
  response.set_revision(store.revision());
  size_t bytes = 0;
  bool more = page.more;
  for (const auto& resource : page.resources) {
    bytes += resource->ByteSizeLong();
    if (bytes > kPageMaxBytes && response.resources_size() > 0) {
      more = true;
      break;
    }
    *response.add_resources() = *resource;
  }
  if (more) {
    response.set_next_page_token(IdOf(response.resources(response.resources_size() - 1)).Key());
  }
  return response;
}

absl::StatusOr<v1::GetResponse> GetOne(const ConfigStore& store, const v1::GetRequest& request) {
  const ResourceId id = IdOf(request.resource());
  if (absl::Status status = CheckKind("resource.kind", id.kind); !status.ok()) return status;
  const v1::Resource* resource = store.Find(id);
  if (resource == nullptr) {
    return TypedError(absl::StatusCode::kNotFound, "UNKNOWN_RESOURCE",
                      absl::StrCat(id.Label(), " does not exist",
                                   id.workspace.empty() ? "" : " in workspace " + id.workspace,
                                   DidYouMean(id.name, store.Names(id.kind, id.workspace))));
  }
  v1::GetResponse response;
  *response.mutable_resource() = *resource;
  return response;
}

absl::StatusOr<v1::HistoryResponse> ReadPage(const RevisionLog& log, const Call& call,
                                             const v1::HistoryRequest& request) {
  absl::StatusOr<HistoryPage> page = HistoryPage::For(request);
  if (!page.ok()) return page.status();
  const absl::Status read = log.ReadHistory(
      call.deadline, [&page](const HistorySpan& whole) { return page->Choose(whole); },
      [&page](const HistoryRecord& record) -> absl::StatusOr<bool> {
        const absl::Status taken = page->Take(record);
        if (!taken.ok()) return taken;
        return true;
      });
  if (!read.ok()) return read;
  return std::move(*page).Finish();
}

absl::Status CheckRollback(const v1::RollbackRequest& request) {
  if (request.revision() < 1) {
    return InvalidField("revision", absl::StrCat(request.revision()),
                        "must be a revision of the history, 1 or more");
  }
  return CheckCommandId(request.command_id());
}

const char* OutcomeOf(const absl::Status& status) {
  if (status.ok()) return "done";
  return status.code() == absl::StatusCode::kUnavailable ? "unavailable" : "refused";
}

}  // namespace

grpc::ServerUnaryReactor* ConfigServer::Apply(grpc::CallbackServerContext* context,
                                              const v1::ApplyRequest* request,
                                              v1::ApplyResponse* response) {
  return platform::RunUnary(
      gate_, context, request, response,
      Access{.workspace = WorkspaceOf(request->resources()),
             .roles = {"admin"},
             .deadline_max = platform::kCommandDeadlineMax,
             .limit = &changes_limit_},
      [this](const Call& call,
             const v1::ApplyRequest& wanted) -> absl::StatusOr<v1::ApplyResponse> {
        if (absl::Status bad = CheckCommandId(wanted.command_id()); !bad.ok()) return bad;
        auto answer = applier_.Apply(call.caller, wanted, call.deadline);
        metrics_.changes.With({"apply", OutcomeOf(answer.status())}).Increment();
        return answer;
      });
}

grpc::ServerUnaryReactor* ConfigServer::Delete(grpc::CallbackServerContext* context,
                                               const v1::DeleteRequest* request,
                                               v1::DeleteResponse* response) {
  return platform::RunUnary(
      gate_, context, request, response,
      Access{.workspace = WorkspaceOf(request->resources()),
             .roles = {"admin"},
             .deadline_max = platform::kCommandDeadlineMax,
             .limit = &changes_limit_},
      [this](const Call& call,
             const v1::DeleteRequest& wanted) -> absl::StatusOr<v1::DeleteResponse> {
        if (absl::Status bad = CheckCommandId(wanted.command_id()); !bad.ok()) return bad;
        auto answer = applier_.Delete(call.caller, wanted, call.deadline);
        metrics_.changes.With({"delete", OutcomeOf(answer.status())}).Increment();
        return answer;
      });
}

// Reads come from memory, so they need no worker and never wait behind changes.
grpc::ServerUnaryReactor* ConfigServer::Get(grpc::CallbackServerContext* context,
                                            const v1::GetRequest* request,
                                            v1::GetResponse* response) {
  return platform::RunUnaryAsync(
      gate_, context, request, response,
      Access{.workspace = IdOf(request->resource()).tenant(),
             .roles = Readers(),
             .deadline_max = platform::kReadDeadlineMax,
             .limit = &gets_limit_},
      [this](const platform::UnaryReply<v1::GetResponse>& reply, const v1::GetRequest& wanted) {
        reply.Finish(GetOne(*log_.Current(), wanted));
      });
}

grpc::ServerUnaryReactor* ConfigServer::List(grpc::CallbackServerContext* context,
                                             const v1::ListRequest* request,
                                             v1::ListResponse* response) {
  return platform::RunUnaryAsync(
      gate_, context, request, response,
      Access{.workspace = request->workspace(),
             .roles = Readers(),
             .deadline_max = platform::kReadDeadlineMax,
             .limit = &lists_limit_},
      [this](const platform::UnaryReply<v1::ListResponse>& reply, const v1::ListRequest& wanted) {
        reply.Finish(ListPage(*log_.Current(), wanted));
      });
}

grpc::ServerUnaryReactor* ConfigServer::History(grpc::CallbackServerContext* context,
                                                const v1::HistoryRequest* request,
                                                v1::HistoryResponse* response) {
  return platform::RunUnary(gate_, context, request, response,
                            Access{.workspace = request->workspace(),
                                   .roles = {"admin", "supervisor"},
                                   .deadline_max = kHistoryDeadlineMax,
                                   .limit = &histories_limit_},
                            [this](const Call& call, const v1::HistoryRequest& wanted) {
                              return ReadPage(log_, call, wanted);
                            });
}

grpc::ServerUnaryReactor* ConfigServer::Rollback(grpc::CallbackServerContext* context,
                                                 const v1::RollbackRequest* request,
                                                 v1::RollbackResponse* response) {
  return platform::RunUnary(
      gate_, context, request, response,
      Access{.workspace = request->workspace(),
             .roles = {"admin"},
             .deadline_max = kHistoryDeadlineMax,
             .limit = &changes_limit_},
      [this](const Call& call,
             const v1::RollbackRequest& wanted) -> absl::StatusOr<v1::RollbackResponse> {
        if (absl::Status bad = CheckRollback(wanted); !bad.ok()) return bad;
        auto answer = applier_.Rollback(call.caller, wanted, call.deadline);
        metrics_.changes.With({"rollback", OutcomeOf(answer.status())}).Increment();
        return answer;
      });
}

}  // namespace trama::config
