#pragma once

#include <memory>

#include "services/channels/common/media_source.h"
#include "services/platform/http/media.h"

namespace trama::open_channel {

// Files of users, from wherever the integrator says that they lie; the fetcher's guard keeps that
// to public addresses and https. Threads: safe from any. The fetcher must outlive every call.
class AttachmentSource final : public channels::MediaSource {
 public:
  explicit AttachmentSource(platform::MediaFetcher& fetcher) : fetcher_(fetcher) {}

  platform::Awaitable<absl::StatusOr<platform::Media>> Fetch(
      std::shared_ptr<const channels::MediaJob> job) override;

 private:
  platform::MediaFetcher& fetcher_;
};

}  // namespace trama::open_channel
