#include "tools/loadgen/fleet.h"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace trama::loadgen {
namespace {

// Counts what others report, and waits for the last one.
class Countdown {
 public:
  explicit Countdown(size_t count) : left_(count) {}

  void Tick() {
    std::lock_guard lock(mutex_);
    if (--left_ == 0) changed_.notify_all();
  }
  // How many are left when it is over or the time is.
  size_t Wait(absl::Duration limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoNanoseconds(limit), [this] { return left_ == 0; });
    return left_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t left_;
};

// Gives each agent a function to call once, and waits for all. The countdown outlives the wait: an
// agent may call after it was given up.
absl::Status ForAll(const std::vector<std::shared_ptr<Agent>>& agents, absl::Duration limit,
                    const char* what,
                    const std::function<void(Agent&, std::function<void()>)>& begin) {
  auto countdown = std::make_shared<Countdown>(agents.size());
  for (const std::shared_ptr<Agent>& agent : agents) {
    begin(*agent, [countdown] { countdown->Tick(); });
  }
  const size_t left = countdown->Wait(limit);
  if (left == 0) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat(left, " of ", agents.size(), " agents are not ",
                                                  what, " after ", absl::FormatDuration(limit)));
}

}  // namespace

absl::Status Fleet::Hire(const World& world, const AgentContext& context, int agents,
                         int connections) {
  for (int i = 0; i < connections; ++i) {
    platform::PeerOptions options;
    options.addresses = absl::StrJoin(world.grpc.at("routing"), ",");
    options.own_connections = true;
    auto peer = platform::Peer::Make(options);
    if (!peer.ok()) return peer.status();
    peers_.push_back(*std::move(peer));
  }
  const size_t known = world.agents.size();
  const size_t count = agents <= 0 ? known : std::min(known, static_cast<size_t>(agents));
  for (size_t i = 0; i < count; ++i) {
    agents_.push_back(
        std::make_shared<Agent>(world.agents[i], context, peers_[i % peers_.size()]->channel()));
  }
  return absl::OkStatus();
}

absl::Status Fleet::Start(absl::Duration limit) {
  return ForAll(agents_, limit, "at work",
                [](Agent& agent, std::function<void()> ready) { agent.Start(std::move(ready)); });
}

absl::Status Fleet::Leave(absl::Duration limit) {
  return ForAll(agents_, limit, "away",
                [](Agent& agent, std::function<void()> gone) { agent.Leave(std::move(gone)); });
}

}  // namespace trama::loadgen
