#pragma once

#include <functional>
#include <memory>

#include "services/kernel/machine.h"
#include "services/platform/grpc/client.h"
#include "services/routing/profile_circuit.h"
#include "trama/profile/v1/profile_service.grpc.pb.h"
#include "trama/routing/v1/profile_question.pb.h"

namespace trama::routing {

// Turns the engine's questions into calls of ProfileService. Nothing blocks; every question is
// answered once, with an error when profile does not answer in time. Thread-safe.
class ProfileAsker {
 public:
  static constexpr absl::Duration kAnswerMax = absl::Seconds(2);

  ProfileAsker(std::shared_ptr<platform::Peer> profile, const platform::Clock& clock,
               platform::Metrics& metrics)
      : profile_(std::move(profile)),
        stub_(profile::v1::ProfileService::NewStub(profile_->channel())),
        circuit_(std::make_shared<ProfileCircuit>("engine", clock, metrics)) {}

  // `question` is a ProfileQuestion; `done` gets the Answer that the machine understands.
  void Ask(const Question& question, std::function<void(Answer)> done);

 private:
  struct Asking;
  void AskSubject(std::shared_ptr<Asking> asking);

  std::shared_ptr<platform::Peer> profile_;
  std::unique_ptr<profile::v1::ProfileService::Stub> stub_;
  const std::shared_ptr<ProfileCircuit> circuit_;
};

}  // namespace trama::routing
