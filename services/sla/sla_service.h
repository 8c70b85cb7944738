#pragma once

#include "services/platform/engine/dispatch.h"
#include "trama/sla/v1/sla_service.grpc.pb.h"

namespace trama::sla {

// Brings calls to the machine that owns the workspace. Thread-safe.
class SlaServer final : public v1::SlaService::CallbackService {
 public:
  explicit SlaServer(platform::EngineDispatch& dispatch) : dispatch_(dispatch) {}

  grpc::ServerUnaryReactor* GetClocks(grpc::CallbackServerContext* context,
                                      const v1::GetClocksRequest* request,
                                      v1::GetClocksResponse* response) override;
  grpc::ServerUnaryReactor* ListClocks(grpc::CallbackServerContext* context,
                                       const v1::ListClocksRequest* request,
                                       v1::ListClocksResponse* response) override;

 private:
  platform::EngineDispatch& dispatch_;
  platform::MethodLimit get_clocks_limit_{platform::kReadsMax};
  platform::MethodLimit list_clocks_limit_{platform::kReadsMax};
};

}  // namespace trama::sla
