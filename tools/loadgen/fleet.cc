#include "tools/loadgen/fleet.h"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
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

absl::StatusOr<std::shared_ptr<platform::Peer>> PeerAt(std::string addresses) {
  platform::PeerOptions options;
  options.addresses = std::move(addresses);
  options.own_connections = true;
  return platform::Peer::Make(options);
}

// Connections to replicas by address, made when first asked for.
ChannelTo ChannelsByAddress() {
  struct State {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<platform::Peer>> peers;
  };
  return [state = std::make_shared<State>()](const std::string& address) {
    std::lock_guard lock(state->mutex);
    std::shared_ptr<platform::Peer>& peer = state->peers[address];
    if (peer == nullptr) {
      if (auto made = PeerAt(address); made.ok()) peer = *std::move(made);
    }
    return peer == nullptr ? nullptr : peer->channel();
  };
}

}  // namespace

absl::Status Fleet::Hire(const World& world, const AgentContext& context, int agents,
                         int connections, bool calls_owner) {
  std::vector<ChannelTo> to_owner;
  for (int i = 0; i < connections; ++i) {
    auto peer = PeerAt(absl::StrJoin(world.grpc.at("routing"), ","));
    if (!peer.ok()) return peer.status();
    peers_.push_back(*std::move(peer));
    to_owner.push_back(calls_owner ? ChannelsByAddress() : ChannelTo());
  }
  const size_t known = world.agents.size();
  const size_t count = agents <= 0 ? known : std::min(known, static_cast<size_t>(agents));
  for (size_t i = 0; i < count; ++i) {
    agents_.push_back(std::make_shared<Agent>(world.agents[i], context,
                                              peers_[i % peers_.size()]->channel(),
                                              to_owner[i % to_owner.size()]));
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
