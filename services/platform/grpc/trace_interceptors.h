#pragma once

#include <memory>

#include "grpcpp/support/client_interceptor.h"
#include "grpcpp/support/server_interceptor.h"

namespace trama::platform {

// A span for each call that is answered, below the caller's; handlers find it as the call's
// traceparent. Health checks and reflection are left out.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeServerTracing();

// A span for each call that is made with a traceparent, which is replaced by the span's.
std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface> MakeClientTracing();

}  // namespace trama::platform
