#include "services/platform/grpc/server_metrics.h"

#include <chrono>
#include <string>
#include <string_view>

#include "services/platform/grpc/status_name.h"

namespace trama::platform {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::ServerRpcInfo;

struct ServerMetrics {
  explicit ServerMetrics(Metrics& metrics)
      : seconds(metrics.Histogram("trama_grpc_server_handling_seconds",
                                  "Unary calls, from receipt to status.", {"method"},
                                  kLatencySecondsBuckets)),
        calls(metrics.Counter("trama_grpc_server_calls_total", "Calls that were answered.",
                              {"method", "code"})),
        streams(metrics.Gauge("trama_grpc_server_streams", "Streams that are open.", {"method"})) {}

  HistogramFamily& seconds;
  CounterFamily& calls;
  GaugeFamily& streams;
};

// One call.
class Watcher final : public grpc::experimental::Interceptor {
 public:
  Watcher(ServerMetrics& metrics, const ServerRpcInfo& info)
      : metrics_(metrics),
        method_(std::string_view(info.method()).substr(1)),
        is_unary_(info.type() == ServerRpcInfo::Type::UNARY),
        start_(std::chrono::steady_clock::now()) {
    if (!is_unary_) metrics_.streams.With({method_}).Increment();
  }
  ~Watcher() override {
    if (!is_unary_) metrics_.streams.With({method_}).Decrement();
  }

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = methods->GetSendStatus();
      metrics_.calls.With({method_, StatusName(status.error_code())}).Increment();
      if (is_unary_) {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start_;
        metrics_.seconds.With({method_}).Observe(took.count());
      }
    }
    methods->Proceed();
  }

 private:
  ServerMetrics& metrics_;
  const std::string method_;  // "trama.profile.v1.ProfileService/GetCustomer".
  const bool is_unary_;
  const std::chrono::steady_clock::time_point start_;
};

class Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Factory(Metrics& metrics) : metrics_(metrics) {}

  // gRPC deletes what it gets.
  grpc::experimental::Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    return new Watcher(metrics_, *info);
  }

 private:
  ServerMetrics metrics_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeServerMetrics(
    Metrics& metrics) {
  return std::make_unique<Factory>(metrics);
}

}  // namespace trama::platform
