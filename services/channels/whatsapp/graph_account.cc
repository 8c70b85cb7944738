#include "services/channels/whatsapp/graph_account.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/kernel/strings.h"
#include "services/platform/base/log.h"
#include "services/platform/http/url.h"

namespace trama::whatsapp {

namespace {

absl::Status Missing(const channels::ChannelAccount& account, absl::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat("channel account ", account.workspace, "/", account.name, " has no ", what));
}

}  // namespace

WhatsAppAccountView ViewOf(const channels::ChannelAccount& account) {
  const config::v1::WhatsAppAccount& whatsapp = account.spec.whatsapp();
  WhatsAppAccountView view;
  view.workspace = account.workspace;
  view.name = account.name;
  view.partition = account.partition;
  view.phone_number_id = whatsapp.phone_number_id();
  view.portfolio =
      whatsapp.portfolio_id().empty() ? whatsapp.business_account_id() : whatsapp.portfolio_id();
  const absl::string_view base = whatsapp.api_base_url().empty()
                                     ? absl::string_view(kDefaultApiBaseUrl)
                                     : absl::string_view(whatsapp.api_base_url());
  view.api =
      absl::StrCat(absl::StripSuffix(base, "/"), "/",
                   whatsapp.api_version().empty() ? kDefaultApiVersion : whatsapp.api_version());
  return view;
}

absl::StatusOr<std::vector<std::string>> AppSecretsOf(const channels::AccountDirectory& accounts,
                                                      const channels::ChannelAccount& account) {
  std::vector<std::string> secrets;
  absl::Status last = Missing(account, "app_secrets");
  for (const std::string& reference : account.spec.whatsapp().app_secrets()) {
    absl::StatusOr<std::string> secret = accounts.Secret(reference);
    // Everybody can sign with an empty one.
    if (secret.ok() && !secret->empty()) {
      secrets.push_back(*std::move(secret));
      continue;
    }
    if (!secret.ok()) last = absl::FailedPreconditionError(secret.status().message());
    platform::Log(platform::LogLevel::kWarning, "secret of a channel account cannot be read",
                  {{"workspace", account.workspace}, {"account", account.name}, {"why", last}});
  }
  if (secrets.empty()) return last;
  return secrets;
}

absl::StatusOr<std::string> AccessTokenOf(const channels::AccountDirectory& accounts,
                                          const channels::ChannelAccount& account) {
  const std::string& reference = account.spec.whatsapp().access_token();
  if (reference.empty()) return Missing(account, "access_token");
  absl::StatusOr<std::string> token = accounts.Secret(reference);
  // In the middle of a rotation the file may be gone or empty for a moment.
  if (!token.ok()) return absl::UnavailableError(token.status().message());
  if (token->empty()) {
    return absl::UnavailableError(Missing(account, "access_token: the secret is empty").message());
  }
  return token;
}

absl::Duration AmbiguityWait(const channels::ChannelAccount& account) {
  absl::Duration wait;
  return absl::ParseDuration(account.spec.whatsapp().ambiguity_wait(), &wait)
             ? wait
             : absl::ZeroDuration();
}

bool IsVendorHost(const WhatsAppAccountView& account, std::string_view host) {
  const absl::StatusOr<platform::Url> api = platform::ParseUrl(account.api);
  if (api.ok() && host == api->host) return true;
  for (absl::string_view served : kMediaHosts) {
    const bool is_below = absl::ConsumePrefix(&served, "*");
    if (is_below ? absl::EndsWith(ToAbsl(host), served) : ToAbsl(host) == served) return true;
  }
  return false;
}

}  // namespace trama::whatsapp
