#include "services/channels/open/rate_limit.h"

#include <algorithm>

#include "services/channels/open/event.h"

namespace trama::open_channel {

absl::Duration RateLimit::Take(const std::string& account, int64_t events, int64_t per_second,
                               absl::Duration now) {
  const double room = static_cast<double>(std::max<int64_t>(per_second, kEventsMax));
  const auto [entry, is_new] = buckets_.try_emplace(account, Bucket{room, now});
  Bucket& bucket = entry->second;
  const double elapsed = absl::ToDoubleSeconds(now - bucket.filled_at);
  bucket.tokens = std::min(room, bucket.tokens + elapsed * static_cast<double>(per_second));
  bucket.filled_at = now;
  const double missing = static_cast<double>(events) - bucket.tokens;
  if (missing > 0) return absl::Seconds(missing / static_cast<double>(per_second));
  bucket.tokens -= static_cast<double>(events);
  return absl::ZeroDuration();
}

}  // namespace trama::open_channel
