#include "services/sla/sla_service.h"

#include "services/platform/engine/dispatch_impl.h"

namespace trama::sla {

grpc::ServerUnaryReactor* SlaServer::GetClocks(grpc::CallbackServerContext* context,
                                               const v1::GetClocksRequest* request,
                                               v1::GetClocksResponse* response) {
  return dispatch_.Unary(context, request, response,
                         {"agent", "supervisor", "integrator", "admin"});
}

grpc::ServerUnaryReactor* SlaServer::ListClocks(grpc::CallbackServerContext* context,
                                                const v1::ListClocksRequest* request,
                                                v1::ListClocksResponse* response) {
  return dispatch_.Unary(context, request, response,
                         {"agent", "supervisor", "integrator", "admin"});
}

}  // namespace trama::sla
