#include "services/routing/profile_circuit.h"

#include <utility>

#include "services/platform/base/log.h"

namespace trama::routing {
namespace {

// Short pauses: a call more every two seconds is no burden, and facts are missed meanwhile.
constexpr platform::CircuitBreaker::Options kPatience = {
    .failures_max = 3, .open_min = absl::Milliseconds(250), .open_max = absl::Seconds(2)};

// An error about what was asked is one, too: a customer or a workspace that profile cannot tell of
// must not cost all the others their facts.
bool IsAnswer(const absl::Status& outcome) {
  return !absl::IsDeadlineExceeded(outcome) && !absl::IsUnavailable(outcome) &&
         !absl::IsResourceExhausted(outcome);
}

}  // namespace

ProfileCircuit::ProfileCircuit(std::string asker, const platform::Clock& clock,
                               platform::Metrics& metrics)
    : asker_(std::move(asker)),
      clock_(clock),
      spared_(metrics
                  .Counter("trama_routing_profile_spared_total",
                           "Calls that were not made, because profile did not answer those before.",
                           {"asker"})
                  .With({asker_})),
      breaker_(kPatience) {}

absl::Status ProfileCircuit::Enter() {
  const std::lock_guard lock(mutex_);
  if (breaker_.Allow(Now())) return absl::OkStatus();
  spared_.Increment();
  return absl::UnavailableError("profile did not answer in time, it is asked again a little later");
}

void ProfileCircuit::Leave(const absl::Status& outcome) {
  const std::lock_guard lock(mutex_);
  const auto before = breaker_.state();
  IsAnswer(outcome) ? breaker_.Succeed() : breaker_.Fail(Now());
  if (before == platform::CircuitBreaker::State::kClosed &&
      breaker_.state() == platform::CircuitBreaker::State::kOpen) {
    platform::Log(platform::LogLevel::kWarning, "profile does not answer, it is spared",
                  {{"asker", asker_}, {"why", outcome}});
  } else if (before != platform::CircuitBreaker::State::kClosed &&
             breaker_.state() == platform::CircuitBreaker::State::kClosed) {
    platform::Log(platform::LogLevel::kInfo, "profile answers again", {{"asker", asker_}});
  }
}

absl::Time ProfileCircuit::Now() const { return absl::UnixEpoch() + clock_.Monotonic(); }

}  // namespace trama::routing
