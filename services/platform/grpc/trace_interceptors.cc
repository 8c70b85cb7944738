#include "services/platform/grpc/trace_interceptors.h"

#include <string>
#include <string_view>

#include "services/platform/base/span.h"
#include "services/platform/grpc/caller.h"
#include "services/platform/grpc/status_name.h"

namespace trama::platform {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;

// Names of attributes: OpenTelemetry's semantic conventions for RPC.
void Describe(Span& span, std::string_view method) {
  span.Set("rpc.system", "grpc");
  const size_t slash = method.find('/');
  if (slash == std::string_view::npos) return;
  span.Set("rpc.service", method.substr(0, slash));
  span.Set("rpc.method", method.substr(slash + 1));
}

void End(Span& span, const grpc::Status& status) {
  span.Set("rpc.grpc.status_code", static_cast<int64_t>(status.error_code()));
  // Not the message: it may repeat what was asked for.
  if (!status.ok()) span.Fail(StatusName(status.error_code()));
  span.Finish();
}

class ServerTracing final : public grpc::experimental::Interceptor {
 public:
  explicit ServerTracing(const char* method) : method_(std::string_view(method).substr(1)) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
      if (auto* metadata = methods->GetRecvInitialMetadata()) Begin(*metadata);
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      End(span_, methods->GetSendStatus());
    }
    methods->Proceed();
  }

 private:
  void Begin(std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
    const auto sent = metadata.find(kTraceparentHeader);
    const std::string_view header =
        sent == metadata.end() ? std::string_view()
                               : std::string_view(sent->second.data(), sent->second.size());
    span_ = Span::StartAtBorder(SpanKind::kServer, method_, header);
    Describe(span_, method_);
    // The view stays good: this lives as long as the call.
    const grpc::string_ref own(span_.traceparent());
    if (sent == metadata.end()) {
      metadata.emplace(kTraceparentHeader, own);
    } else {
      sent->second = own;
    }
  }

  const std::string method_;  // "trama.profile.v1.ProfileService/GetCustomer"
  Span span_;
};

class ClientTracing final : public grpc::experimental::Interceptor {
 public:
  explicit ClientTracing(const char* method) : method_(std::string_view(method).substr(1)) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      if (auto* metadata = methods->GetSendInitialMetadata()) Begin(*metadata);
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_STATUS)) {
      if (const grpc::Status* status = methods->GetRecvStatus()) End(span_, *status);
    }
    methods->Proceed();
  }

 private:
  void Begin(std::multimap<std::string, std::string>& metadata) {
    const auto given = metadata.find(kTraceparentHeader);
    if (given == metadata.end()) return;
    span_ = Span::Start(SpanKind::kClient, method_, given->second);
    Describe(span_, method_);
    given->second = span_.traceparent();
  }

  const std::string method_;
  Span span_;
};

class ServerFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    // Health checks and reflection are nobody's step.
    const bool is_ours = std::string_view(info->method()).substr(0, 6) != "/grpc.";
    return IsTracing() && is_ours ? new ServerTracing(info->method()) : nullptr;
  }
};

class ClientFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo* info) override {
    return IsTracing() ? new ClientTracing(info->method()) : nullptr;
  }
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeServerTracing() {
  return std::make_unique<ServerFactory>();
}

std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface> MakeClientTracing() {
  return std::make_unique<ClientFactory>();
}

}  // namespace trama::platform
