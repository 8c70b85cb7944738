#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/grpc/client.h"
#include "services/routing/intake_batch.h"
#include "services/routing/profile_circuit.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"

namespace trama::routing {

// Asks profile who the senders of a batch are. Blocks; used by one thread.
class SenderResolver {
 public:
  // Longer is not waited: the conversations are routed without the facts.
  static constexpr absl::Duration kAnswerMax = absl::Milliseconds(300);

  SenderResolver(std::shared_ptr<platform::Peer> profile, const platform::Clock& clock,
                 platform::Metrics& metrics)
      : profile_(std::move(profile)),
        stub_(profile::v1::ProfileService::NewStub(profile_->channel())),
        circuit_("intake", clock, metrics) {}

  // One answer for each question. All are asked at once, so that many workspaces take no longer
  // than one when profile is silent.
  std::vector<absl::StatusOr<profile::v1::ResolveResponse>> Ask(
      std::vector<SenderQuestion> questions);

 private:
  std::shared_ptr<platform::Peer> profile_;
  std::unique_ptr<profile::v1::ProfileService::Stub> stub_;
  ProfileCircuit circuit_;
};

}  // namespace trama::routing
