#include "services/sla/sla_service.h"

#include "services/platform/engine/dispatch_impl.h"

namespace trama::sla {
namespace {

platform::MethodRules ReadRules(platform::MethodLimit& limit) {
  return {.roles = {"agent", "supervisor", "integrator", "admin"},
          .deadline_max = platform::kReadDeadlineMax,
          .limit = &limit};
}

}  // namespace

grpc::ServerUnaryReactor* SlaServer::GetClocks(grpc::CallbackServerContext* context,
                                               const v1::GetClocksRequest* request,
                                               v1::GetClocksResponse* response) {
  return dispatch_.Unary(context, request, response, ReadRules(get_clocks_limit_));
}

grpc::ServerUnaryReactor* SlaServer::ListClocks(grpc::CallbackServerContext* context,
                                                const v1::ListClocksRequest* request,
                                                v1::ListClocksResponse* response) {
  return dispatch_.Unary(context, request, response, ReadRules(list_clocks_limit_));
}

}  // namespace trama::sla
