#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "services/kernel/machine.h"
#include "services/platform/grpc/stream.h"
#include "trama/routing/v1/routing_service.pb.h"

namespace trama::routing {

using AgentStream = platform::ServerStream<v1::AgentUpdate>;

// Brings what concerns an agent to whoever watches him, in the order in which it was released, and
// lets a client that lost its stream go on without loss.
//
// Every released update gets the next sequence number of its agent; the newest kRingMax are kept. A
// resume token is "<incarnation>.<sequence>". What a token misses is sent from the ring; when that
// is not possible (another owner, too long away) the client first gets a snapshot, and behind it
// everything that was released since the snapshot was asked for: it may hold what the snapshot
// shows already, never less.
//
// Thread-safe.
class AgentStreams {
 public:
  static constexpr size_t kRingMax = 512;          // Updates kept per agent.
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
    uint64_t sequence = 0;  // Of the newest update.
    std::deque<v1::AgentUpdate> ring;
    std::vector<std::shared_ptr<Watcher>> watchers;
  };
  struct Partition {
    int64_t incarnation = 0;
    std::map<std::string, Agent, std::less<>> agents;
  };

  // The next three need the lock.
  static bool Resume(const Partition& partition, const Agent& agent, std::string_view token,
                     AgentStream& stream);
  static void Give(Watcher& watcher, const v1::AgentUpdate& update);
  void Sweep(Agent& agent);

  void GiveSnapshot(int32_t partition, const std::string& agent, uint64_t sequence,
                    int64_t incarnation, const std::shared_ptr<Watcher>& watcher,
                    const absl::Status& status, const MessagePtr& snapshot);

  std::mutex mutex_;
  std::map<int32_t, Partition> partitions_;
};

}  // namespace trama::routing
