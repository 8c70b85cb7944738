#pragma once

#include "services/config/applier.h"
#include "services/config/config_metrics.h"
#include "services/config/revision_log.h"
#include "services/platform/grpc/call_gate.h"
#include "services/platform/grpc/method_rules.h"
#include "trama/config/v1/config_service.grpc.pb.h"

namespace trama::config {

// Under way at once: a change waits for the one before it, a page of the history is read from
// Kafka.
inline constexpr int32_t kChangesMax = 20;
inline constexpr int32_t kHistoriesMax = 10;

// ConfigService over gRPC. Changes need role admin; reading is for every role within its workspace.
// Thread-safe; the references must outlive the server.
class ConfigServer final : public v1::ConfigService::CallbackService {
 public:
  ConfigServer(platform::CallGate& gate, Applier& applier, const RevisionLog& log,
               ConfigMetrics& metrics)
      : gate_(gate), applier_(applier), log_(log), metrics_(metrics) {}

  grpc::ServerUnaryReactor* Apply(grpc::CallbackServerContext* context,
                                  const v1::ApplyRequest* request,
                                  v1::ApplyResponse* response) override;
  grpc::ServerUnaryReactor* Delete(grpc::CallbackServerContext* context,
                                   const v1::DeleteRequest* request,
                                   v1::DeleteResponse* response) override;
  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context, const v1::GetRequest* request,
                                v1::GetResponse* response) override;
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const v1::ListRequest* request,
                                 v1::ListResponse* response) override;
  grpc::ServerUnaryReactor* History(grpc::CallbackServerContext* context,
                                    const v1::HistoryRequest* request,
                                    v1::HistoryResponse* response) override;
  grpc::ServerUnaryReactor* Rollback(grpc::CallbackServerContext* context,
                                     const v1::RollbackRequest* request,
                                     v1::RollbackResponse* response) override;

 private:
  platform::CallGate& gate_;
  Applier& applier_;
  const RevisionLog& log_;
  ConfigMetrics& metrics_;
  platform::MethodLimit changes_limit_{kChangesMax};
  platform::MethodLimit gets_limit_{platform::kReadsMax};
  platform::MethodLimit lists_limit_{platform::kReadsMax};
  platform::MethodLimit histories_limit_{kHistoriesMax};
};

}  // namespace trama::config
