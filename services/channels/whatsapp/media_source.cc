#include "services/channels/whatsapp/media_source.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/channels/whatsapp/content.h"
#include "services/channels/whatsapp/graph_account.h"
#include "services/channels/whatsapp/graph_client.h"
#include "services/channels/whatsapp/media_api.h"
#include "services/kernel/digest.h"
#include "services/platform/http/url.h"

namespace trama::whatsapp {

namespace {

// The hash that the webhook has announced; empty when it said none.
std::string AnnouncedHash(const channels::MediaJob& job) {
  const auto& facts = job.message.channel_facts();
  const auto fact = facts.find("media_sha256");
  return fact == facts.end() ? std::string() : fact->second;
}

}  // namespace

platform::SsrfGuardOptions MediaGuardOf(const channels::ChannelAccount& account) {
  platform::SsrfGuardOptions guard;
  guard.allowed_hosts.assign(std::begin(kMediaHosts), std::end(kMediaHosts));
  guard.https_only = true;
  const config::v1::WhatsAppAccount& whatsapp = account.spec.whatsapp();
  // Hosts that an administrator names may lie in our own network: an emulator, a gateway.
  const absl::StatusOr<platform::Url> api = platform::ParseUrl(ViewOf(account).api);
  if (api.ok() && !whatsapp.api_base_url().empty()) {
    guard.allowed_hosts.push_back(api->host);
    guard.trusted_hosts.push_back(api->host);
  }
  for (const std::string& host : whatsapp.media_hosts()) {
    guard.allowed_hosts.push_back(host);
    guard.trusted_hosts.push_back(host);
  }
  return guard;
}

platform::Awaitable<absl::StatusOr<platform::Media>> WhatsAppMedia::Fetch(
    std::shared_ptr<const channels::MediaJob> job) {
  const std::optional<channels::ChannelAccount> account =
      accounts_.Find(job->message.workspace(), job->message.channel_account());
  if (!account.has_value()) {
    co_return absl::FailedPreconditionError("the channel account is not configured any more");
  }
  const std::string media_id(MediaIdOf(job->media().vendor_url()));
  if (media_id.empty()) co_return absl::InvalidArgumentError("the file has no id of the vendor");
  const WhatsAppAccountView view = ViewOf(*account);
  const absl::StatusOr<std::string> token = AccessTokenOf(accounts_, *account);
  if (!token.ok()) co_return token.status();

  VendorRequest question = BuildMediaQuestion(view, media_id);
  const platform::HttpOutcome answer =
      co_await CallGraph(http_, std::move(question), *token, job->traceparent, kQuestionMax);
  if (answer.kind != platform::HttpOutcomeKind::kResponse) {
    co_return absl::UnavailableError(answer.error.message());
  }
  const absl::StatusOr<MediaPlace> place =
      ReadMediaPlace(answer.response.status, answer.response.body);
  if (!place.ok()) co_return place.status();
  const absl::StatusOr<platform::Url> url = platform::ParseUrl(place->url);
  if (!url.ok()) co_return url.status();

  platform::HttpHeaders headers;
  if (IsVendorHost(view, url->host)) {
    const std::string authorization = absl::StrCat("Bearer ", *token);
    headers.Set("Authorization", authorization);
  }
  platform::SsrfGuardOptions guard = MediaGuardOf(*account);
  const auto fetcher = fetchers_.For(*account, std::move(guard));
  if (!fetcher.ok()) co_return fetcher.status();
  const std::shared_ptr<platform::MediaFetcher> held = *fetcher;
  absl::StatusOr<platform::Media> media = co_await held->Fetch(place->url, std::move(headers));
  if (!media.ok()) co_return media;
  const std::string hash = HexSha256(media->bytes);
  for (const std::string& stated : {AnnouncedHash(*job), place->sha256}) {
    if (!stated.empty() && stated != hash) {
      co_return absl::DataLossError("the bytes are not those that the vendor has announced");
    }
  }
  co_return media;
}

}  // namespace trama::whatsapp
