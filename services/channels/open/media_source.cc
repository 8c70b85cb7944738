#include "services/channels/open/media_source.h"

#include <utility>

namespace trama::open_channel {

platform::Awaitable<absl::StatusOr<platform::Media>> AttachmentSource::Fetch(
    std::shared_ptr<const channels::MediaJob> job) {
  std::string url = job->media().vendor_url();
  platform::HttpHeaders no_headers;
  co_return co_await fetcher_.Fetch(std::move(url), std::move(no_headers));
}

}  // namespace trama::open_channel
