#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "services/channels/common/media_job.h"
#include "services/platform/http/media.h"
#include "services/platform/net/awaitable.h"

namespace trama::channels {

// Where the files of a channel's customers lie. Threads: calls come on the io_context of the
// MediaFetch, several at once. Every call must end in bounded time.
class MediaSource {
 public:
  virtual ~MediaSource() = default;

  // The bytes of one file, under the limits and guards of the channel. The errors of
  // platform::MediaFetcher::Fetch; FAILED_PRECONDITION when the account is gone or names no
  // credentials; UNAVAILABLE when they cannot be read; DATA_LOSS when the bytes are not those that
  // the vendor promised.
  virtual platform::Awaitable<absl::StatusOr<platform::Media>> Fetch(
      std::shared_ptr<const MediaJob> job) = 0;
};

}  // namespace trama::channels
