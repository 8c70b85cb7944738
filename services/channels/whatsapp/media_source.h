#pragma once

#include <memory>

#include "boost/asio/io_context.hpp"
#include "services/channels/common/account_directory.h"
#include "services/channels/common/media_fetcher_cache.h"
#include "services/channels/common/media_source.h"
#include "services/platform/http/http_client.h"

namespace trama::whatsapp {

// Fetches the files of customers: asks the vendor where one lies, then gets it from there, from the
// vendor's hosts only, never from our own network unless the account's settings name the host. The
// bytes must be those whose hash the signed webhook has announced.
//
// Threads: safe from any. What it is given must outlive every call.
class WhatsAppMedia final : public channels::MediaSource {
 public:
  // For asking where a file lies.
  static constexpr absl::Duration kQuestionMax = absl::Seconds(10);

  WhatsAppMedia(boost::asio::io_context& io, const channels::AccountDirectory& accounts,
                platform::HttpClient& http, platform::MediaLimits limits)
      : accounts_(accounts), http_(http), fetchers_(io, limits) {}

  platform::Awaitable<absl::StatusOr<platform::Media>> Fetch(
      std::shared_ptr<const channels::MediaJob> job) override;

 private:
  const channels::AccountDirectory& accounts_;
  platform::HttpClient& http_;
  channels::MediaFetcherCache fetchers_;
};

// Where an account's files may come from.
platform::SsrfGuardOptions MediaGuardOf(const channels::ChannelAccount& account);

}  // namespace trama::whatsapp
