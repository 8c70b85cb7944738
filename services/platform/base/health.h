#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/platform/base/clock.h"

namespace trama::platform {

// Says whether a loop turns. Owned by the loop; one that has ended takes its heartbeat with it.
class Heartbeat {
 public:
  ~Heartbeat();
  // Cheap enough for every turn; from any thread.
  void Beat();

 private:
  friend class Health;
  struct State;
  explicit Heartbeat(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// One thing that must hold before this process may get work: "caught up", "kafka". Does not hold at
// first. Owned by whoever knows; when it is destroyed it no longer counts.
class Condition {
 public:
  ~Condition();
  // `why_not` tells an operator what is missing, without personal data.
  void Set(bool holds, std::string_view why_not = "");
  // What an operator should know although the condition may hold, such as whose work waits; without
  // personal data. Empty: nothing.
  void Note(std::string_view note);

 private:
  friend class Health;
  struct State;
  Condition(class Health& health, std::shared_ptr<State> state)
      : health_(health), state_(std::move(state)) {}
  class Health& health_;
  std::shared_ptr<State> state_;
};

// What a probe is answered.
struct HealthReport {
  bool fine = true;
  std::vector<std::string> missing;  // "partition 3: last beat 12s ago", "kafka: not connected".
  std::vector<std::string> notes;    // What is restricted without making the report less fine.
};

// Liveness (does every loop turn? if not, restart me) and readiness (may I get work?) of a process.
// Thread-safe; must outlive the heartbeats and conditions it gave out.
class Health {
 public:
  explicit Health(const Clock& clock) : clock_(clock) {}

  // Beats at once. Live() fails when the last beat is older than `stale_after`.
  std::unique_ptr<Heartbeat> AddHeartbeat(std::string name, absl::Duration stale_after);
  std::unique_ptr<Condition> AddCondition(std::string name);

  HealthReport Live() const;
  HealthReport Ready() const;

  // Not ready from now on, whatever the conditions say: the process is about to end.
  void StartDraining();

  // Called with the new value whenever readiness changes, and once at once. Without the lock held,
  // from the thread that caused the change. Add listeners before threads start.
  void OnReadyChange(std::function<void(bool ready)> listener);

 private:
  friend class Condition;
  void NoteChange();

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<Heartbeat::State>> heartbeats_;
  std::vector<std::weak_ptr<Condition::State>> conditions_;
  std::vector<std::function<void(bool)>> listeners_;
  bool draining_ = false;
  // Serialises notifications, so that the last one that listeners hear is the truth.
  std::mutex notify_mutex_;
  bool last_ready_ = false;
};

}  // namespace trama::platform
