#include "services/profile/profile_service.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/platform/grpc/method_rules.h"
#include "services/profile/file_stream.h"

namespace trama::profile {
namespace {

using platform::Access;
using platform::Call;

// The answer to a rebuild must leave before the client's deadline.
constexpr absl::Duration kAnswerTime = absl::Milliseconds(200);

// What tramactl gives it.
constexpr absl::Duration kRebuildDeadlineMax = absl::Minutes(10);

Access Readers(const std::string& workspace, platform::MethodLimit& limit) {
  return {.workspace = workspace,
          .roles = {"agent", "supervisor", "integrator", "service"},
          .deadline_max = platform::kReadDeadlineMax,
          .limit = &limit};
}

Access Writers(const std::string& workspace, std::vector<std::string_view> roles) {
  return {.workspace = workspace,
          .roles = std::move(roles),
          .deadline_max = platform::kCommandDeadlineMax};
}

}  // namespace

Said ProfileServer::SaidIn(const Call& call) const {
  return {call.caller, gate_.clock().Now(), call.traceparent};
}

grpc::ServerUnaryReactor* ProfileServer::Resolve(grpc::CallbackServerContext* context,
                                                 const v1::ResolveRequest* request,
                                                 v1::ResolveResponse* response) {
  return platform::RunUnary(gate_, context, request, response,
                            Readers(request->workspace(), resolves_limit_),
                            [this](const Call& call, const v1::ResolveRequest& wanted) {
                              return reads_.Resolve(call.caller, wanted);
                            });
}

grpc::ServerUnaryReactor* ProfileServer::Link(grpc::CallbackServerContext* context,
                                              const v1::LinkRequest* request,
                                              v1::LinkResponse* response) {
  return platform::RunUnary(gate_, context, request, response,
                            Writers(request->workspace(), {"agent", "supervisor", "integrator"}),
                            [this](const Call& call, const v1::LinkRequest& wanted) {
                              return commands_.Link(SaidIn(call), wanted);
                            });
}

grpc::ServerUnaryReactor* ProfileServer::GetCustomer(grpc::CallbackServerContext* context,
                                                     const v1::GetCustomerRequest* request,
                                                     v1::GetCustomerResponse* response) {
  // Asked for with every panel that an agent opens, so no thread waits for Redis.
  return platform::RunUnaryAsync(
      gate_, context, request, response, Readers(request->workspace(), customers_limit_),
      [this](const platform::UnaryReply<v1::GetCustomerResponse>& reply,
             const v1::GetCustomerRequest& wanted) {
        reads_.GetCustomer(reply.call().caller, wanted,
                           [reply](absl::StatusOr<v1::GetCustomerResponse> answer) {
                             reply.Finish(std::move(answer));
                           });
      });
}

grpc::ServerUnaryReactor* ProfileServer::ListTimeline(grpc::CallbackServerContext* context,
                                                      const v1::ListTimelineRequest* request,
                                                      v1::ListTimelineResponse* response) {
  return platform::RunUnary(gate_, context, request, response,
                            Readers(request->workspace(), timelines_limit_),
                            [this](const Call& call, const v1::ListTimelineRequest& wanted) {
                              return reads_.ListTimeline(call.caller, wanted);
                            });
}

grpc::ServerUnaryReactor* ProfileServer::AddNote(grpc::CallbackServerContext* context,
                                                 const v1::AddNoteRequest* request,
                                                 v1::AddNoteResponse* response) {
  return platform::RunUnary(gate_, context, request, response,
                            Writers(request->workspace(), {"agent", "supervisor", "integrator"}),
                            [this](const Call& call, const v1::AddNoteRequest& wanted) {
                              return commands_.AddNote(SaidIn(call), wanted);
                            });
}

grpc::ServerUnaryReactor* ProfileServer::SetAttributes(grpc::CallbackServerContext* context,
                                                       const v1::SetAttributesRequest* request,
                                                       v1::SetAttributesResponse* response) {
  return platform::RunUnary(gate_, context, request, response,
                            Writers(request->workspace(), {"integrator", "supervisor"}),
                            [this](const Call& call, const v1::SetAttributesRequest& wanted) {
                              return commands_.SetAttributes(SaidIn(call), wanted);
                            });
}

grpc::ServerWriteReactor<v1::ReadFileResponse>* ProfileServer::ReadFile(
    grpc::CallbackServerContext* context, const v1::ReadFileRequest* request) {
  absl::StatusOr<Call> call =
      gate_.AdmitStream(*context, Readers(request->workspace(), files_limit_));
  if (!call.ok()) return FileStream::Refuse(call.status());
  const std::shared_ptr<FileStream> stream = FileStream::Open(*std::move(call), kChunksQueuedMax);
  // After this, gRPC and the worker may end the stream before we return: hold on to what we give.
  auto* const reactor = stream->reactor();
  const bool queued = gate_.workers().Submit([this, stream, wanted = *request] {
    const absl::StatusOr<FileOnTimeline> file = reads_.FindFile(stream->call().caller, wanted);
    if (!file.ok()) return stream->Finish(file.status());
    SendFile(*stream, *file, blobs_);
  });
  if (!queued) stream->Finish(gate_.BusyError());
  return reactor;
}

grpc::ServerUnaryReactor* ProfileServer::Rebuild(grpc::CallbackServerContext* context,
                                                 const v1::RebuildRequest* request,
                                                 v1::RebuildResponse* response) {
  return platform::RunUnary(
      gate_, context, request, response,
      {.workspace = "",
       .roles = {"admin"},
       .deadline_max = kRebuildDeadlineMax,
       .limit = &rebuilds_limit_},
      [this](const Call& call,
             const v1::RebuildRequest& wanted) -> absl::StatusOr<v1::RebuildResponse> {
        const absl::StatusOr<int64_t> rows =
            restorer_.Rebuild(wanted.flush(), call.deadline - kAnswerTime);
        if (!rows.ok()) return rows.status();
        v1::RebuildResponse done;
        done.set_rows(*rows);
        return done;
      });
}

}  // namespace trama::profile
