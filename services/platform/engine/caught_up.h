#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace trama::platform {

// Offsets by topic, all of one partition number.
using TopicOffsets = std::map<std::string, int64_t>;

// Knows up to which moment the inputs were taken in whole: their ends are asked for after a moment
// T, and once everything below these ends has been applied, that moment is T. Pure.
class CaughtUp {
 public:
  // Ask again although no deadline needs it.
  static constexpr absl::Duration kAskInterval = absl::Seconds(1);

  // InfinitePast() until it is known.
  absl::Time time() const { return time_; }
  bool ever() const { return time_ > absl::InfinitePast(); }

  // Should the ends be asked for now? `deadline`: the machine's next one.
  bool ShouldAsk(absl::Time now, absl::Time deadline) const;
  // The question leaves now; everything it finds stood there by then.
  void Asked(absl::Time now);
  // The answer, offsets after the last record of each topic.
  void Answered(TopicOffsets ends);
  // The question was not answered.
  void Failed();

  // `position(topic)`: everything below was applied. True when time() has moved.
  bool Advance(const std::function<int64_t(const std::string&)>& position);

  // Ends that are not reached yet; null when none are known.
  const TopicOffsets* ends() const { return ends_.has_value() ? &*ends_ : nullptr; }

 private:
  absl::Time time_ = absl::InfinitePast();
  absl::Time asked_at_ = absl::InfinitePast();
  bool asking_ = false;
  std::optional<TopicOffsets> ends_;
};

}  // namespace trama::platform
