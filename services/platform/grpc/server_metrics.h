#pragma once

#include <memory>

#include "grpcpp/support/server_interceptor.h"
#include "services/platform/base/metrics.h"

namespace trama::platform {

// Watches every call of a server, whatever its handler does, for the metrics of GrpcServer.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeServerMetrics(
    Metrics& metrics);

}  // namespace trama::platform
