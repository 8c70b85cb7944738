#include "services/channels/sms/media_fetchers.h"

#include <optional>

#include "services/channels/sms/twilio_account.h"
#include "services/platform/http/http_client.h"
#include "services/platform/http/url.h"

namespace trama::sms {

platform::SsrfGuardOptions MediaGuardOf(const channels::ChannelAccount& account) {
  platform::SsrfGuardOptions guard;
  // Twilio answers with a redirect to a short-lived address at its storage.
  guard.allowed_hosts = {"api.twilio.com", "*.twilio.com", "*.twiliocdn.com", "*.amazonaws.com"};
  guard.https_only = true;
  const config::v1::SmsAccount& sms = account.spec.sms();
  // Hosts that an administrator names may lie in our own network: an emulator, a gateway.
  const absl::StatusOr<platform::Url> api = platform::ParseUrl(ViewOf(account).api_base_url);
  if (api.ok() && !sms.api_base_url().empty()) {
    guard.allowed_hosts.push_back(api->host);
    guard.trusted_hosts.push_back(api->host);
  }
  for (const std::string& host : sms.media_hosts()) {
    guard.allowed_hosts.push_back(host);
    guard.trusted_hosts.push_back(host);
  }
  return guard;
}

platform::Awaitable<absl::StatusOr<platform::Media>> MediaFetchers::Fetch(
    std::shared_ptr<const channels::MediaJob> job) {
  const std::optional<channels::ChannelAccount> found =
      accounts_.Find(job->message.workspace(), job->message.channel_account());
  if (!found.has_value()) {
    co_return absl::FailedPreconditionError("the channel account is not configured any more");
  }
  const absl::StatusOr<platform::Url> parsed = platform::ParseUrl(job->media().vendor_url());
  if (!parsed.ok()) co_return parsed.status();
  const SmsAccountView view = ViewOf(*found);
  platform::HttpHeaders headers;
  if (IsVendorHost(view, parsed->host)) {
    const absl::StatusOr<std::string> token = CallToken(accounts_, *found);
    if (!token.ok()) co_return token.status();
    headers.Set("Authorization", platform::BasicAuthorization(view.account_sid, *token));
  }
  const absl::StatusOr<std::shared_ptr<platform::MediaFetcher>> fetcher =
      fetchers_.For(*found, MediaGuardOf(*found));
  if (!fetcher.ok()) co_return fetcher.status();
  const std::shared_ptr<platform::MediaFetcher> held = *fetcher;
  co_return co_await held->Fetch(job->media().vendor_url(), std::move(headers));
}

}  // namespace trama::sms
