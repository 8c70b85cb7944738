#include "services/platform/grpc/client.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "grpcpp/create_channel.h"
#include "nlohmann/json.hpp"
#include "services/kernel/trace_context.h"
#include "services/platform/base/milliseconds.h"
#include "services/platform/base/server_address.h"
#include "services/platform/grpc/callback_threads.h"
#include "services/platform/grpc/caller.h"
#include "services/platform/grpc/trace_interceptors.h"

namespace trama::platform {
namespace {

using Json = nlohmann::json;

// gRPC waits up to two minutes by default, long after the peer is back.
constexpr int kReconnectMinMs = 100;
constexpr int kReconnectMaxMs = 2'000;

// In the syntax of gRPC's resolvers.
absl::StatusOr<std::string> TargetOf(const std::string& text) {
  absl::StatusOr<std::vector<ServerAddress>> addresses = ParseServerAddresses(text);
  if (!addresses.ok()) return addresses.status();
  const auto is_v6 = [](const ServerAddress& a) { return a.host.find(':') != std::string::npos; };
  const auto is_v4 = [&](const ServerAddress& a) { return a.is_ip() && !is_v6(a); };
  const std::string list = absl::StrJoin(
      *addresses, ",",
      [](std::string* out, const ServerAddress& address) { out->append(address.ToString()); });
  if (std::all_of(addresses->begin(), addresses->end(), is_v4)) return "ipv4:" + list;
  if (std::all_of(addresses->begin(), addresses->end(), is_v6)) return "ipv6:" + list;
  if (addresses->size() == 1) return "dns:///" + list;
  return absl::InvalidArgumentError(absl::StrCat(
      "addresses \"", text, "\" must be one DNS name or IP addresses of one kind; give the ",
      "replicas one DNS name"));
}

absl::StatusOr<std::string> ServiceConfig(const std::vector<std::string>& retry_reads) {
  Json config;
  config["loadBalancingConfig"] = Json::array({{{"round_robin", Json::object()}}});
  if (retry_reads.empty()) return config.dump();
  Json names = Json::array();
  for (const std::string& method : retry_reads) {
    const std::vector<std::string> parts = absl::StrSplit(method, '/');
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("method \"", method, "\" is not written package.Service/Method"));
    }
    names.push_back({{"service", parts[0]}, {"method", parts[1]}});
  }
  const Json retry = {{"maxAttempts", kAttemptsMax},
                      {"initialBackoff", "0.05s"},
                      {"maxBackoff", "1s"},
                      {"backoffMultiplier", 2},
                      {"retryableStatusCodes", {"UNAVAILABLE"}}};
  config["methodConfig"] = Json::array({{{"name", names}, {"retryPolicy", retry}}});
  return config.dump();
}

}  // namespace

absl::StatusOr<std::shared_ptr<Peer>> Peer::Make(const PeerOptions& options) {
  absl::StatusOr<std::string> target = TargetOf(options.addresses);
  if (!target.ok()) return target.status();
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials =
      ChannelCredentialsOf(options.tls);
  if (!credentials.ok()) return credentials.status();
  absl::StatusOr<std::string> config = ServiceConfig(options.retry_reads);
  if (!config.ok()) return config.status();

  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(*config);
  arguments.SetMaxReceiveMessageSize(options.message_bytes_max);
  if (options.own_connections) arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_interval));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout));
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMinMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  // The name to be found in the peers' certificates, when several are listed: that of the first.
  if (options.tls.enabled()) {
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY,
                        ParseServerAddresses(options.addresses)->front().ToString());
  }

  HoldCallbackThreads();
  std::shared_ptr<Peer> peer(new Peer);
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> watchers;
  watchers.push_back(MakeClientTracing());
  peer->channel_ = grpc::experimental::CreateCustomChannelWithInterceptors(
      *target, *credentials, arguments, std::move(watchers));
  peer->token_ = options.token;
  peer->timeout_default_ = options.timeout_default;
  return peer;
}

void Peer::Prepare(grpc::ClientContext& context, const CallOptions& options) const {
  const absl::Duration timeout =
      options.timeout == absl::ZeroDuration() ? timeout_default_ : options.timeout;
  if (timeout != absl::InfiniteDuration()) {
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  }
  context.set_wait_for_ready(options.wait_for_ready);
  if (token_ != nullptr) {
    if (const std::string token = token_->Get(); !token.empty()) {
      context.AddMetadata(kAuthorizationHeader, "Bearer " + token);
    }
  }
  // Written anew: it may come from a record of anybody, and gRPC ends the process at metadata with
  // characters that it does not allow.
  if (const auto trace = ParseTraceparent(options.traceparent)) {
    context.AddMetadata(kTraceparentHeader, FormatTraceparent(*trace));
  }
  if (options.forwarded) context.AddMetadata(kForwardedHeader, "1");
  if (options.on_behalf_of.has_value()) {
    const Caller& caller = *options.on_behalf_of;
    context.AddMetadata(kOnBehalfOfHeader, caller.subject);
    if (!caller.workspace.empty()) {
      context.AddMetadata(kOnBehalfOfWorkspaceHeader, caller.workspace);
    }
    context.AddMetadata(kOnBehalfOfRolesHeader, absl::StrJoin(caller.roles, ","));
  }
}

}  // namespace trama::platform
