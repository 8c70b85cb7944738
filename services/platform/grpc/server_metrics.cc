#include "services/platform/grpc/server_metrics.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
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

// Those of one method; what is asked for with every call is looked up once.
class MethodMetrics {
 public:
  MethodMetrics(ServerMetrics& metrics, const ServerRpcInfo& info)
      : metrics_(metrics),
        method_(std::string_view(info.method()).substr(1)),
        is_unary_(info.type() == ServerRpcInfo::Type::UNARY),
        ok_(metrics.calls.With({method_, StatusName(grpc::StatusCode::OK)})),
        seconds_(is_unary_ ? &metrics.seconds.With({method_}) : nullptr),
        streams_(is_unary_ ? nullptr : &metrics.streams.With({method_})) {}

  void Begin() {
    if (streams_ != nullptr) streams_->Increment();
  }
  void End() {
    if (streams_ != nullptr) streams_->Decrement();
  }
  void Answered(grpc::StatusCode code, std::chrono::duration<double> took) {
    if (code == grpc::StatusCode::OK) {
      ok_.Increment();
    } else {
      metrics_.calls.With({method_, StatusName(code)}).Increment();
    }
    if (seconds_ != nullptr) seconds_->Observe(took.count());
  }

 private:
  ServerMetrics& metrics_;
  const std::string method_;  // "trama.profile.v1.ProfileService/GetCustomer".
  const bool is_unary_;
  prometheus::Counter& ok_;
  prometheus::Histogram* const seconds_;
  prometheus::Gauge* const streams_;
};

// One call.
class Watcher final : public grpc::experimental::Interceptor {
 public:
  explicit Watcher(MethodMetrics& metrics)
      : metrics_(metrics), start_(std::chrono::steady_clock::now()) {
    metrics_.Begin();
  }
  ~Watcher() override { metrics_.End(); }

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      metrics_.Answered(methods->GetSendStatus().error_code(),
                        std::chrono::steady_clock::now() - start_);
    }
    methods->Proceed();
  }

 private:
  MethodMetrics& metrics_;
  const std::chrono::steady_clock::time_point start_;
};

class Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Factory(Metrics& metrics) : metrics_(metrics) {}

  // gRPC deletes what it gets.
  grpc::experimental::Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    return new Watcher(Of(*info));
  }

 private:
  MethodMetrics& Of(const ServerRpcInfo& info) {
    const std::string_view name = info.method();
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = methods_.find(name); found != methods_.end()) return *found->second;
    }
    const std::unique_lock lock(mutex_);
    std::unique_ptr<MethodMetrics>& made = methods_[std::string(name)];
    if (made == nullptr) made = std::make_unique<MethodMetrics>(metrics_, info);
    return *made;
  }

  ServerMetrics metrics_;
  std::shared_mutex mutex_;
  // As many as there are methods: gRPC asks for those only that are registered.
  std::map<std::string, std::unique_ptr<MethodMetrics>, std::less<>> methods_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeServerMetrics(
    Metrics& metrics) {
  return std::make_unique<Factory>(metrics);
}

}  // namespace trama::platform
