#include "services/routing/agent_streams.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/kernel/errors.h"
#include "services/kernel/strings.h"

namespace trama::routing {
namespace {

constexpr absl::Duration kComeAgain = absl::Milliseconds(250);

std::string Token(int64_t incarnation, uint64_t sequence) {
  return absl::StrCat(incarnation, ".", sequence);
}

absl::Status Moved() {
  return RetryAfter(absl::UnavailableError("this workspace is served elsewhere now; watch again"),
                    kComeAgain);
}

}  // namespace

void AgentStreams::Serve(int32_t partition, int64_t incarnation) {
  const std::lock_guard lock(mutex_);
  partitions_[partition] = Partition{incarnation, {}};
}

void AgentStreams::Drop(int32_t partition) {
  const std::lock_guard lock(mutex_);
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return;
  for (auto& [name, agent] : found->second.agents) {
    for (const auto& watcher : agent.watchers) watcher->stream->Finish(Moved());
  }
  partitions_.erase(found);
}

void AgentStreams::Release(int32_t partition, const Push& push) {
  const std::lock_guard lock(mutex_);
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return;
  // Nobody has watched this agent here: whoever does first begins with a snapshot.
  const auto agent = found->second.agents.find(push.stream);
  if (agent == found->second.agents.end()) return;

  v1::AgentUpdate update = static_cast<const v1::AgentUpdate&>(*push.message);
  update.set_resume_token(Token(found->second.incarnation, ++agent->second.sequence));
  for (const auto& watcher : agent->second.watchers) Give(*watcher, update);
  agent->second.ring.push_back(std::move(update));
  if (agent->second.ring.size() > kRingMax) agent->second.ring.pop_front();
  Sweep(agent->second);
}

void AgentStreams::Watch(int32_t partition, const std::string& agent_name,
                         std::string_view resume_token, std::shared_ptr<AgentStream> stream,
                         const AskSnapshot& ask) {
  auto watcher = std::make_shared<Watcher>();
  watcher->stream = std::move(stream);
  uint64_t sequence = 0;
  int64_t incarnation = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) return watcher->stream->Finish(Moved());
    Agent& agent = found->second.agents[agent_name];
    Sweep(agent);
    if (agent.watchers.size() >= kStreamsPerAgentMax) {
      return watcher->stream->Finish(absl::ResourceExhaustedError(absl::StrCat(
          "this agent has ", kStreamsPerAgentMax, " streams already; end one of them")));
    }
    agent.watchers.push_back(watcher);
    if (Resume(found->second, agent, resume_token, *watcher->stream)) return;
    watcher->is_waiting = true;
    sequence = agent.sequence;
    incarnation = found->second.incarnation;
  }
  ask([this, partition, agent_name, sequence, incarnation, watcher](absl::Status status,
                                                                    MessagePtr snapshot) {
    GiveSnapshot(partition, agent_name, sequence, incarnation, watcher, status, snapshot);
  });
}

void AgentStreams::GiveSnapshot(int32_t partition, const std::string& agent, uint64_t sequence,
                                int64_t incarnation, const std::shared_ptr<Watcher>& watcher,
                                const absl::Status& status, const MessagePtr& snapshot) {
  const std::lock_guard lock(mutex_);
  const auto found = partitions_.find(partition);
  const bool is_same = found != partitions_.end() && found->second.incarnation == incarnation &&
                       found->second.agents.contains(agent);
  if (!status.ok()) return watcher->stream->Finish(status);
  if (!is_same) return watcher->stream->Finish(Moved());
  v1::AgentUpdate update = static_cast<const v1::AgentUpdate&>(*snapshot);
  update.set_resume_token(Token(incarnation, sequence));
  watcher->is_waiting = false;
  Give(*watcher, update);
  for (const v1::AgentUpdate& held : watcher->held) Give(*watcher, held);
  watcher->held.clear();
}

bool AgentStreams::Resume(const Partition& partition, const Agent& agent, std::string_view token,
                          AgentStream& stream) {
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(ToAbsl(token), absl::MaxSplits('.', 1));
  int64_t incarnation = 0;
  uint64_t sequence = 0;
  if (!absl::SimpleAtoi(parts.first, &incarnation) || !absl::SimpleAtoi(parts.second, &sequence) ||
      incarnation != partition.incarnation || sequence > agent.sequence ||
      agent.sequence - sequence > agent.ring.size()) {
    return false;
  }
  const auto missed = static_cast<std::ptrdiff_t>(agent.sequence - sequence);
  for (auto update = agent.ring.end() - missed; update != agent.ring.end(); ++update) {
    stream.Send(*update);
  }
  return true;
}

void AgentStreams::Give(Watcher& watcher, const v1::AgentUpdate& update) {
  if (watcher.is_waiting && watcher.held.size() < kStreamQueueMax) {
    watcher.held.push_back(update);
  } else if (watcher.is_waiting || !watcher.stream->Send(update)) {
    watcher.stream->Finish(absl::ResourceExhaustedError(
        "the client reads too slowly; watch again with the last resume_token"));
  }
}

void AgentStreams::Sweep(Agent& agent) {
  std::erase_if(agent.watchers, [](const auto& watcher) { return watcher->stream->finishing(); });
}

}  // namespace trama::routing
