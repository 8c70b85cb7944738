#pragma once

#include <atomic>

#include "boost/asio/io_context.hpp"
#include "services/platform/config/config_source.h"
#include "services/platform/grpc/unary.h"
#include "services/reporting/kpi_store.h"
#include "trama/reporting/v1/reporting_service.grpc.pb.h"

namespace trama::reporting {

// Under way at once, per replica: each reads much of the store.
inline constexpr int32_t kFiguresMax = 100;
inline constexpr int32_t kStreamsMax = 1000;

// Answers with what the store holds. Any replica can. Thread-safe.
class ReportingServer final : public v1::ReportingService::CallbackService {
 public:
  ReportingServer(platform::CallGate& gate, boost::asio::io_context& io, KpiStore& store,
                  platform::ConfigSource& config)
      : gate_(gate), io_(io), store_(store), config_(config) {}

  grpc::ServerUnaryReactor* GetKpis(grpc::CallbackServerContext* context,
                                    const v1::GetKpisRequest* request,
                                    v1::GetKpisResponse* response) override;
  grpc::ServerWriteReactor<v1::GetKpisResponse>* WatchKpis(
      grpc::CallbackServerContext* context, const v1::GetKpisRequest* request) override;

  // The figures now. Blocks on Redis.
  absl::StatusOr<v1::GetKpisResponse> Figures(const v1::GetKpisRequest& request);

  // Ends every stream within half a second, so that the server can stop.
  void StopStreams() { stopping_ = true; }

 private:
  platform::CallGate& gate_;
  boost::asio::io_context& io_;
  KpiStore& store_;
  platform::ConfigSource& config_;
  platform::MethodLimit figures_limit_{kFiguresMax};
  platform::MethodLimit streams_limit_{kStreamsMax};
  std::atomic<bool> stopping_{false};
};

}  // namespace trama::reporting
