#pragma once

#include <functional>
#include <memory>

#include "services/kernel/machine.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/metrics.h"
#include "services/platform/grpc/client.h"
#include "trama/routing/v1/profile_question.pb.h"

namespace trama::routing {

// Turns the engine's questions into calls of ProfileService. Nothing blocks; every question is
// answered once, with an error when profile does not answer in time, until Close. Thread-safe.
class ProfileAsker {
 public:
  static constexpr absl::Duration kAnswerMax = absl::Seconds(2);

  // `clock` and `metrics` must live until Close.
  ProfileAsker(std::shared_ptr<platform::Peer> profile, const platform::Clock& clock,
               platform::Metrics& metrics);
  ~ProfileAsker() { Close(); }

  // `question` is a ProfileQuestion; `done` gets the Answer that the machine understands. It must
  // not block, nor call this.
  void Ask(const Question& question, std::function<void(Answer)> done);

  // Afterwards nothing is answered any more, whatever is on its way.
  void Close();

 private:
  struct Link;
  struct Asking;
  static void AskCustomer(std::shared_ptr<Asking> asking);
  static void AskSubject(std::shared_ptr<Asking> asking);

  const std::shared_ptr<Link> link_;
};

}  // namespace trama::routing
