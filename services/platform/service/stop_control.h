#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/platform/base/clock.h"

namespace trama::platform {

// Whether, why and until when a process stops. A watchdog thread ends the process at once when the
// ordered way takes too long. Thread-safe.
class StopControl {
 public:
  // `start_limit`: for setup to end after a stop was asked for; `drain_limit`: for the whole drain.
  StopControl(const Clock& clock, absl::Duration start_limit, absl::Duration drain_limit);
  ~StopControl();

  // Asks for the drain. A second signal ends the process at once.
  void OnSignal(int number);
  void Request();
  // Asks for the drain, with exit code 1 at its end.
  void Fail(const absl::Status& why);

  bool requested() const;
  void Wait() const;

  // Setup is over, the drain begins: from now on the time of the drain counts.
  void BeginDrain();
  // What the drain is doing, for the last line of one that takes too long.
  void Note(std::string step);
  absl::Duration time_left() const;

  // All is closed; returns the exit code.
  int Finish();

 private:
  void Watch();
  void RequestLocked();
  // The moment at which the process ends, whatever it does. Needs the lock.
  absl::Duration EndsAt() const;

  const Clock& clock_;
  const absl::Duration start_limit_;
  const absl::Duration drain_limit_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  int signals_ = 0;
  int exit_code_ = 0;
  bool requested_ = false;
  bool draining_ = false;
  bool finished_ = false;
  absl::Duration requested_at_;
  absl::Duration draining_since_;
  std::string step_ = "setup";
  std::thread watchdog_;
};

}  // namespace trama::platform
