#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace trama::profile {

// Where an input was read.
struct Origin {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;

  friend auto operator<=>(const Origin&, const Origin&) = default;
};

// Inputs that cannot be placed yet, because what they are about is read from another partition and
// has not come so far. Others of their partition go on past them; what is committed stays at the
// first that waits, so that none is lost with the process.
//
// Not thread-safe.
template <typename Item>
class WaitingRoom {
 public:
  static constexpr absl::Duration kRetryMin = absl::Milliseconds(50);
  static constexpr absl::Duration kRetryMax = absl::Seconds(5);

  struct Guest {
    Item item;
    absl::Time since;
    absl::Time next_try;
    absl::Duration pause = kRetryMin;
  };

  void Add(const Origin& origin, Item item, absl::Time now) {
    guests_.try_emplace(origin, Guest{std::move(item), now, now + kRetryMin});
  }

  // At most `limit` that are to be tried now, in order of their origins. Each is due again later
  // unless it is removed.
  std::vector<std::pair<Origin, const Item*>> Due(absl::Time now, size_t limit) {
    std::vector<std::pair<Origin, const Item*>> due;
    for (auto& [origin, guest] : guests_) {
      if (due.size() == limit) break;
      if (guest.next_try > now) continue;
      guest.pause = std::min(guest.pause * 2, kRetryMax);
      guest.next_try = now + guest.pause;
      due.emplace_back(origin, &guest.item);
    }
    return due;
  }

  void Remove(const Origin& origin) { guests_.erase(origin); }

  // Since when it has waited; none when it does not.
  std::optional<absl::Time> Since(const Origin& origin) const {
    const auto it = guests_.find(origin);
    if (it == guests_.end()) return std::nullopt;
    return it->second.since;
  }

  // Forgets a partition that somebody else goes on with.
  void Drop(const std::string& topic, int32_t partition) {
    guests_.erase(First(topic, partition), After(topic, partition));
  }

  // Up to where the partition may be committed, when it was read up to `next`.
  int64_t CommitPosition(const std::string& topic, int32_t partition, int64_t next) const {
    const auto first = First(topic, partition);
    if (first == After(topic, partition)) return next;
    return std::min(next, first->first.offset);
  }

  size_t Count(const std::string& topic, int32_t partition) const {
    return std::distance(First(topic, partition), After(topic, partition));
  }
  size_t size() const { return guests_.size(); }

 private:
  auto First(const std::string& topic, int32_t partition) const {
    return guests_.lower_bound({topic, partition, INT64_MIN});
  }
  auto After(const std::string& topic, int32_t partition) const {
    return guests_.upper_bound({topic, partition, INT64_MAX});
  }

  std::map<Origin, Guest> guests_;
};

}  // namespace trama::profile
