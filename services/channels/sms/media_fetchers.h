#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "services/channels/common/account_directory.h"
#include "services/platform/http/media.h"
#include "services/platform/net/awaitable.h"

namespace trama::sms {

// Fetches files for channel accounts: each account may fetch from its vendor's hosts only, never
// from our own network unless its settings name the host; credentials go to the vendor's host only.
//
// Threads: safe from any. What it is given must outlive every call.
class MediaFetchers {
 public:
  MediaFetchers(boost::asio::io_context& io, const channels::AccountDirectory& accounts,
                platform::MediaLimits limits);

  // As MediaFetcher::Fetch; FAILED_PRECONDITION when the account is gone or has no credentials.
  platform::Awaitable<absl::StatusOr<platform::Media>> Fetch(std::string workspace,
                                                             std::string account, std::string url);

 private:
  struct Made {
    std::pair<int64_t, int64_t> revision;
    std::shared_ptr<platform::MediaFetcher> fetcher;
  };
  absl::StatusOr<std::shared_ptr<platform::MediaFetcher>> For(
      const channels::ChannelAccount& account);

  boost::asio::io_context& io_;
  const channels::AccountDirectory& accounts_;
  const platform::MediaLimits limits_;
  std::mutex mutex_;
  std::map<std::string, Made> made_;
};

// Where an account's files may come from.
platform::SsrfGuardOptions MediaGuardOf(const channels::ChannelAccount& account);

}  // namespace trama::sms
