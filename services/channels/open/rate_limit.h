#pragma once

#include <cstdint>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"

namespace trama::open_channel {

// How many events an account may bring: a bucket of tokens for each, which fills with the account's
// rate and holds as many as one second brings, but at least a whole batch.
//
// Pure and not thread-safe: the caller locks. Bounded by the number of accounts.
class RateLimit {
 public:
  // Zero: taken. Otherwise nothing was taken, and so many may come after this wait. `now` is
  // monotonic.
  absl::Duration Take(const std::string& account, int64_t events, int64_t per_second,
                      absl::Duration now);

 private:
  struct Bucket {
    double tokens = 0;
    absl::Duration filled_at;
  };

  absl::btree_map<std::string, Bucket> buckets_;
};

}  // namespace trama::open_channel
