#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "services/channels/common/account_directory.h"
#include "services/channels/common/media_fetcher_cache.h"
#include "services/channels/common/media_source.h"
#include "services/platform/http/media.h"
#include "services/platform/net/awaitable.h"

namespace trama::sms {

// Fetches files for channel accounts: each account may fetch from its vendor's hosts only, never
// from our own network unless its settings name the host; credentials go to the vendor's host only.
//
// Threads: safe from any. What it is given must outlive every call.
class MediaFetchers final : public channels::MediaSource {
 public:
  MediaFetchers(boost::asio::io_context& io, const channels::AccountDirectory& accounts,
                platform::MediaLimits limits)
      : accounts_(accounts), fetchers_(io, limits) {}

  platform::Awaitable<absl::StatusOr<platform::Media>> Fetch(
      std::shared_ptr<const channels::MediaJob> job) override;

 private:
  const channels::AccountDirectory& accounts_;
  channels::MediaFetcherCache fetchers_;
};

// Where an account's files may come from.
platform::SsrfGuardOptions MediaGuardOf(const channels::ChannelAccount& account);

}  // namespace trama::sms
