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

namespace trama::channels {

// One MediaFetcher per channel account, made anew when the account changes.
//
// Threads: safe from any. Lifetime: `io` must outlive it and every fetcher.
class MediaFetcherCache {
 public:
  MediaFetcherCache(boost::asio::io_context& io, platform::MediaLimits limits)
      : io_(io), limits_(limits) {}

  // `guard`: where this account's files may come from.
  absl::StatusOr<std::shared_ptr<platform::MediaFetcher>> For(const ChannelAccount& account,
                                                              platform::SsrfGuardOptions guard);

 private:
  struct Made {
    std::pair<int64_t, int64_t> revision;
    std::shared_ptr<platform::MediaFetcher> fetcher;
  };

  boost::asio::io_context& io_;
  const platform::MediaLimits limits_;
  std::mutex mutex_;
  std::map<std::string, Made> made_;
};

}  // namespace trama::channels
