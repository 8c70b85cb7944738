#include "services/platform/grpc/server.h"

#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/server_builder.h"
#include "services/platform/base/milliseconds.h"
#include "services/platform/base/server_address.h"
#include "services/platform/grpc/callback_threads.h"
#include "services/platform/grpc/grpc_log.h"
#include "services/platform/grpc/server_metrics.h"
#include "services/platform/grpc/trace_interceptors.h"

namespace trama::platform {
namespace {

// Clients of ours ping every 20 s (client.h); those that ping faster are cut off.
constexpr absl::Duration kClientPingIntervalMin = absl::Seconds(10);
constexpr int kMetadataBytesMax = 16 << 10;

void SetLimits(const GrpcServerOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(options.message_bytes_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.streams_per_connection_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                             Milliseconds(options.connection_age_max));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_interval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             Milliseconds(options.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Milliseconds(kClientPingIntervalMin));
  // A port that somebody else listens on is an error, not shared.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

}  // namespace

// Outlives the server in the listener that Health keeps.
struct GrpcServer::HealthTarget {
  std::mutex mutex;
  grpc::HealthCheckServiceInterface* service = nullptr;

  void Set(bool ready) {
    const std::lock_guard lock(mutex);
    if (service != nullptr) service->SetServingStatus(ready);
  }
  void Close() {
    const std::lock_guard lock(mutex);
    service = nullptr;
  }
};

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const GrpcServerOptions& options, const std::vector<grpc::Service*>& services, Health& health,
    Metrics& metrics) {
  absl::StatusOr<ServerAddress> address =
      ParseServerAddress(options.listen, /*allow_port_zero=*/true);
  if (!address.ok()) return address.status();
  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> credentials =
      ServerCredentialsOf(options.tls);
  if (!credentials.ok()) return credentials.status();

  TakeGrpcLog();
  HoldCallbackThreads();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address->ToString(), *credentials, &port);
  SetLimits(options, builder);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> watchers;
  watchers.push_back(MakeServerMetrics(metrics));
  watchers.push_back(MakeServerTracing());
  builder.experimental().SetInterceptorCreators(std::move(watchers));
  for (grpc::Service* service : services) builder.RegisterService(service);

  std::unique_ptr<GrpcServer> server(new GrpcServer);
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr || port == 0) {
    return absl::UnavailableError(
        absl::StrCat("gRPC cannot listen on ", address->ToString(), "; is the port taken?"));
  }
  server->host_ = address->host;
  server->port_ = port;
  server->health_target_ = std::make_shared<HealthTarget>();
  server->health_target_->service = server->server_->GetHealthCheckService();
  health.OnReadyChange([target = server->health_target_](bool ready) { target->Set(ready); });
  return server;
}

GrpcServer::~GrpcServer() { Shutdown(absl::ZeroDuration()); }

std::string GrpcServer::address() const {
  return ServerAddress{host_, static_cast<uint16_t>(port_)}.ToString();
}

void GrpcServer::Shutdown(absl::Duration limit) {
  if (server_ == nullptr) return;
  health_target_->Close();
  server_->Shutdown(absl::ToChronoTime(absl::Now() + limit));
  // Waits for handlers that have not finished their cancelled calls yet.
  server_.reset();
}

}  // namespace trama::platform
