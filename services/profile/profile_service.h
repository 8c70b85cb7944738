#pragma once

#include "services/platform/blob/blob_store.h"
#include "services/platform/grpc/unary.h"
#include "services/profile/profile_commands.h"
#include "services/profile/profile_reads.h"
#include "services/profile/restorer.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"

namespace trama::profile {

// Under way at once, per replica: those that routing asks for whole batches of senders, and those
// that read much or hold a worker for long.
inline constexpr int32_t kResolvesMax = 1000;
inline constexpr int32_t kCustomersMax = 1000;
inline constexpr int32_t kTimelinesMax = 500;
inline constexpr int32_t kFilesMax = 100;
inline constexpr int32_t kRebuildsMax = 1;

// ProfileService on the wire. Any replica answers. Thread-safe; what it is given must outlive it.
class ProfileServer final : public v1::ProfileService::CallbackService {
 public:
  ProfileServer(platform::CallGate& gate, ProfileReads& reads, ProfileCommands& commands,
                Restorer& restorer, platform::BlobStore& blobs)
      : gate_(gate), reads_(reads), commands_(commands), restorer_(restorer), blobs_(blobs) {}

  grpc::ServerUnaryReactor* Resolve(grpc::CallbackServerContext* context,
                                    const v1::ResolveRequest* request,
                                    v1::ResolveResponse* response) override;
  grpc::ServerUnaryReactor* Link(grpc::CallbackServerContext* context,
                                 const v1::LinkRequest* request,
                                 v1::LinkResponse* response) override;
  grpc::ServerUnaryReactor* GetCustomer(grpc::CallbackServerContext* context,
                                        const v1::GetCustomerRequest* request,
                                        v1::GetCustomerResponse* response) override;
  grpc::ServerUnaryReactor* ListTimeline(grpc::CallbackServerContext* context,
                                         const v1::ListTimelineRequest* request,
                                         v1::ListTimelineResponse* response) override;
  grpc::ServerUnaryReactor* AddNote(grpc::CallbackServerContext* context,
                                    const v1::AddNoteRequest* request,
                                    v1::AddNoteResponse* response) override;
  grpc::ServerUnaryReactor* SetAttributes(grpc::CallbackServerContext* context,
                                          const v1::SetAttributesRequest* request,
                                          v1::SetAttributesResponse* response) override;
  grpc::ServerWriteReactor<v1::ReadFileResponse>* ReadFile(
      grpc::CallbackServerContext* context, const v1::ReadFileRequest* request) override;
  grpc::ServerUnaryReactor* Rebuild(grpc::CallbackServerContext* context,
                                    const v1::RebuildRequest* request,
                                    v1::RebuildResponse* response) override;

 private:
  Said SaidIn(const platform::Call& call) const;

  platform::CallGate& gate_;
  ProfileReads& reads_;
  ProfileCommands& commands_;
  Restorer& restorer_;
  platform::BlobStore& blobs_;
  platform::MethodLimit resolves_limit_{kResolvesMax};
  platform::MethodLimit customers_limit_{kCustomersMax};
  platform::MethodLimit timelines_limit_{kTimelinesMax};
  platform::MethodLimit files_limit_{kFilesMax};
  platform::MethodLimit rebuilds_limit_{kRebuildsMax};
};

}  // namespace trama::profile
