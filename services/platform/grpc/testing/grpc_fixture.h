#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/base/testing/temp_folder.h"
#include "services/platform/base/tokens.h"
#include "services/platform/base/worker_pool.h"
#include "services/platform/grpc/call_gate.h"
#include "services/platform/grpc/client.h"
#include "services/platform/grpc/server.h"

namespace trama::platform {

// For tests: everything that a gRPC service needs around it, on a loopback port. Bearer tokens are
// "t-<subject>":
//   ana       agent of workspace demo        eva   supervisor of workspace demo
//   operator  admin, all workspaces          desk  service, all workspaces
//   local     service of workspace demo      chief admin of workspace demo
class GrpcFixture {
 public:
  explicit GrpcFixture(const CallLimits& limits = {}, size_t worker_threads = 2,
                       size_t worker_queue_max = 100)
      : tokens_(*TokenStore::Parse(TokensJson())),
        workers_("test", worker_threads, worker_queue_max),
        gate_(*tokens_, workers_, clock_, metrics_, limits) {}

  // Serves from now on. The fixture must outlive the service.
  void Serve(grpc::Service& service, const GrpcServerOptions& options = {}) {
    auto server = GrpcServer::Start(options, {&service}, health_, metrics_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // A client with the token of `subject`; without credentials when that is empty.
  std::shared_ptr<Peer> Client(const std::string& subject, PeerOptions options = {}) {
    if (options.addresses.empty()) options.addresses = server_->address();
    if (!subject.empty()) {
      const std::string path = folder_.Write("token-" + subject, "t-" + subject);
      client_tokens_.push_back(*ServiceToken::Open(path));
      options.token = client_tokens_.back().get();
    }
    return *Peer::Make(options);
  }

  GrpcServer& server() { return *server_; }
  CallGate& gate() { return gate_; }
  Health& health() { return health_; }
  Metrics& metrics() { return metrics_; }
  WorkerPool& workers() { return workers_; }

 private:
  static std::string TokensJson() {
    const auto entry = [](const std::string& subject, const std::string& workspace,
                          const std::string& role) {
      return absl::StrCat(R"({"token_sha256": ")", TokenSha256("t-" + subject),
                          R"(", "subject": ")", subject, R"(", "workspace": ")", workspace,
                          R"(", "roles": [")", role, R"("]})");
    };
    return absl::StrCat(
        "[",
        absl::StrJoin({entry("ana", "demo", "agent"), entry("eva", "demo", "supervisor"),
                       entry("operator", "", "admin"), entry("desk", "", "service"),
                       entry("local", "demo", "service"), entry("chief", "demo", "admin")},
                      ","),
        "]");
  }

  TempFolder folder_;
  SystemClock clock_;
  Metrics metrics_;
  Health health_{clock_};
  std::unique_ptr<TokenStore> tokens_;
  std::vector<std::unique_ptr<ServiceToken>> client_tokens_;
  WorkerPool workers_;
  CallGate gate_;
  std::unique_ptr<GrpcServer> server_;
};

}  // namespace trama::platform
