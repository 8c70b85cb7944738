#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "services/kernel/machine.h"
#include "services/platform/grpc/stream.h"
#include "services/routing/update_log.h"
#include "trama/routing/v1/routing_service.pb.h"

namespace trama::routing {

using AgentStream = platform::ServerStream<v1::AgentUpdate>;

// Brings what concerns an agent to whoever watches him, in the order in which it was released, and
// lets a client that lost its stream go on without loss.
//
// Every released update carries a resume token (see UpdateLog). What a client that comes with one
// has missed is sent at once; when a part of that is gone (another owner, too long away) it first
// gets a snapshot, and behind it everything that was released since the snapshot was asked for: it
// may hold what the snapshot shows already, never less. So an offer of an owner that has died is
// withdrawn by the snapshot in which it is missing.
//
// Thread-safe.
class AgentStreams {
 public:
  static constexpr size_t kStreamQueueMax = 1024;  // A client that is further behind is cut off.
  static constexpr size_t kStreamsPerAgentMax = 8;

  // Asks the machine for the agent's snapshot; `done` is called exactly once.
  using OnSnapshot = std::function<void(absl::Status, MessagePtr)>;
  using AskSnapshot = std::function<void(OnSnapshot done)>;

  // A partition is served here from now on, or no longer: its streams then end with UNAVAILABLE, so
  // that clients come again and find the new owner.
  void Serve(int32_t partition, int64_t incarnation);
  void Drop(int32_t partition);

  // EngineSpec::push.
  void Release(int32_t partition, const Push& push);

  // Attaches a stream for `agent` ("workspace/agent id").
  void Watch(int32_t partition, const std::string& agent, std::string_view resume_token,
             std::shared_ptr<AgentStream> stream, const AskSnapshot& ask);

 private:
  struct Watcher {
    std::shared_ptr<AgentStream> stream;
    // Set while the snapshot is on its way; what was released meanwhile.
    bool is_waiting = false;
    std::vector<v1::AgentUpdate> held;
  };
  struct Agent {
    explicit Agent(uint64_t sequence) : log(sequence) {}
    UpdateLog log;
    std::vector<std::shared_ptr<Watcher>> watchers;
    uint64_t left_at = 0;  // The newest sequence when the last watcher was found to be gone.
  };
  struct Partition {
    int64_t incarnation = 0;
    uint64_t sequence = 0;  // Of the newest update.
    std::map<std::string, Agent, std::less<>> agents;
  };

  // The next five need the lock.
  static bool Resume(const Partition& partition, const Agent& agent, std::string_view token,
                     AgentStream& stream);
  static void Give(Watcher& watcher, const v1::AgentUpdate& update);
  static void Sweep(const Partition& partition, Agent& agent);
  // Can nobody resume here any more?
  static bool IsOfNoUse(const Agent& agent);
  // The agent, when the partition is still served by that incarnation; otherwise null.
  Agent* Find(int32_t partition, int64_t incarnation, const std::string& agent);

  void GiveSnapshot(int32_t partition, const std::string& agent, const ResumeToken& asked_at,
                    const std::shared_ptr<Watcher>& watcher, const absl::Status& status,
                    const MessagePtr& snapshot);

  std::mutex mutex_;
  std::map<int32_t, Partition> partitions_;
};

}  // namespace trama::routing
