#include "services/routing/agent_streams.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/errors.h"

namespace trama::routing {
namespace {

constexpr absl::Duration kComeAgain = absl::Milliseconds(250);

absl::Status Moved() {
  return RetryAfter(absl::UnavailableError("this workspace is served elsewhere now; watch again"),
                    kComeAgain);
}

}  // namespace

void AgentStreams::Serve(int32_t partition, int64_t incarnation) {
  const std::lock_guard lock(mutex_);
  partitions_[partition] = Partition{.incarnation = incarnation};
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

void AgentStreams::Release(int32_t partition_number, const Push& push) {
  const std::lock_guard lock(mutex_);
  const auto found = partitions_.find(partition_number);
  if (found == partitions_.end()) return;
  Partition& partition = found->second;
  // Nobody has watched this agent here: whoever does first begins with a snapshot.
  const auto watched = partition.agents.find(push.stream);
  if (watched == partition.agents.end()) return;
  Agent& agent = watched->second;

  v1::AgentUpdate update = static_cast<const v1::AgentUpdate&>(*push.message);
  const uint64_t sequence = ++partition.sequence;
  update.set_resume_token(ResumeToken{partition.incarnation, sequence}.ToString());
  for (const auto& watcher : agent.watchers) Give(*watcher, update);
  agent.log.Add(sequence, update);
  Sweep(partition, agent);
  if (IsOfNoUse(agent)) partition.agents.erase(watched);
}

void AgentStreams::Watch(int32_t partition, const std::string& agent_name,
                         std::string_view resume_token, std::shared_ptr<AgentStream> stream,
                         const AskSnapshot& ask) {
  auto watcher = std::make_shared<Watcher>();
  watcher->stream = std::move(stream);
  ResumeToken asked_at;
  {
    const std::lock_guard lock(mutex_);
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) return watcher->stream->Finish(Moved());
    Partition& served = found->second;
    Agent& agent = served.agents.try_emplace(agent_name, served.sequence).first->second;
    Sweep(served, agent);
    if (agent.watchers.size() >= kStreamsPerAgentMax) {
      return watcher->stream->Finish(absl::ResourceExhaustedError(absl::StrCat(
          "this agent has ", kStreamsPerAgentMax, " streams already; end one of them")));
    }
    agent.watchers.push_back(watcher);
    if (Resume(served, agent, resume_token, *watcher->stream)) return;
    watcher->is_waiting = true;
    asked_at = {served.incarnation, served.sequence};
  }
  ask([this, partition, agent_name, asked_at, watcher](absl::Status status, MessagePtr snapshot) {
    GiveSnapshot(partition, agent_name, asked_at, watcher, status, snapshot);
  });
}

AgentStreams::Agent* AgentStreams::Find(int32_t partition, int64_t incarnation,
                                        const std::string& agent) {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end() || found->second.incarnation != incarnation) return nullptr;
  const auto watched = found->second.agents.find(agent);
  return watched == found->second.agents.end() ? nullptr : &watched->second;
}

void AgentStreams::GiveSnapshot(int32_t partition, const std::string& agent_name,
                                const ResumeToken& asked_at,
                                const std::shared_ptr<Watcher>& watcher, const absl::Status& status,
                                const MessagePtr& snapshot) {
  const std::lock_guard lock(mutex_);
  Agent* agent = Find(partition, asked_at.incarnation, agent_name);
  if (agent == nullptr) return watcher->stream->Finish(status.ok() ? Moved() : status);
  if (!status.ok()) {
    watcher->stream->Finish(status);
    Sweep(partitions_[partition], *agent);
    // Names that do not exist must not gather here.
    if (agent->watchers.empty() && agent->log.empty()) {
      partitions_[partition].agents.erase(agent_name);
    }
    return;
  }
  v1::AgentUpdate update = static_cast<const v1::AgentUpdate&>(*snapshot);
  update.set_resume_token(asked_at.ToString());
  watcher->is_waiting = false;
  Give(*watcher, update);
  for (const v1::AgentUpdate& held : watcher->held) Give(*watcher, held);
  watcher->held.clear();
}

bool AgentStreams::Resume(const Partition& partition, const Agent& agent, std::string_view text,
                          AgentStream& stream) {
  const std::optional<ResumeToken> token = ResumeToken::Parse(text);
  if (!token || token->incarnation != partition.incarnation ||
      token->sequence > partition.sequence) {
    return false;
  }
  const auto missed = agent.log.After(token->sequence);
  if (!missed) return false;
  for (const v1::AgentUpdate& update : *missed) stream.Send(update);
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

void AgentStreams::Sweep(const Partition& partition, Agent& agent) {
  const bool was_watched = !agent.watchers.empty();
  std::erase_if(agent.watchers, [](const auto& watcher) { return watcher->stream->finishing(); });
  if (was_watched && agent.watchers.empty()) agent.left_at = partition.sequence;
}

bool AgentStreams::IsOfNoUse(const Agent& agent) {
  return agent.watchers.empty() && agent.log.gone_until() >= agent.left_at;
}

}  // namespace trama::routing
