#include "services/channels/common/media_fetcher_cache.h"

namespace trama::channels {

absl::StatusOr<std::shared_ptr<platform::MediaFetcher>> MediaFetcherCache::For(
    const ChannelAccount& account, platform::SsrfGuardOptions guard) {
  const std::lock_guard lock(mutex_);
  Made& made = made_[AccountKey(account.workspace, account.name)];
  if (made.fetcher != nullptr && made.revision == account.revision) return made.fetcher;
  auto fetcher = platform::MediaFetcher::Create(io_, std::move(guard), limits_);
  if (!fetcher.ok()) return fetcher.status();
  made = {account.revision, *std::move(fetcher)};
  return made.fetcher;
}

}  // namespace trama::channels
