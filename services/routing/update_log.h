#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trama/routing/v1/routing_service.pb.h"

// What a client that was away for a moment needs to go on. Pure.
namespace trama::routing {

// Names an update that a client has: "<incarnation>.<sequence>". Sequences rise with every update
// that an owner releases; each owner (incarnation) counts anew.
struct ResumeToken {
  int64_t incarnation = 0;
  uint64_t sequence = 0;

  std::string ToString() const;
  // None when `text` is no token.
  static std::optional<ResumeToken> Parse(std::string_view text);
};

// The newest updates of one agent. Kept as bytes, which need a third of the messages' memory.
class UpdateLog {
 public:
  static constexpr size_t kUpdatesMax = 512;
  static constexpr size_t kBytesMax = 16 * 1024;

  // The agent's updates up to `sequence` are not known here.
  explicit UpdateLog(uint64_t sequence) : gone_until_(sequence) {}

  // `sequence` must be above all earlier ones.
  void Add(uint64_t sequence, const v1::AgentUpdate& update);

  // What came after `sequence`, oldest first; none when a part of that is gone.
  std::optional<std::vector<v1::AgentUpdate>> After(uint64_t sequence) const;

  bool empty() const { return updates_.empty(); }
  // Updates up to this one are not kept any more.
  uint64_t gone_until() const { return gone_until_; }

 private:
  std::deque<std::pair<uint64_t, std::string>> updates_;
  size_t bytes_ = 0;
  uint64_t gone_until_;
};

}  // namespace trama::routing
