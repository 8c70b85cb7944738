#include "services/channels/sms/twilio_account.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/kernel/strings.h"
#include "services/platform/base/log.h"
#include "services/platform/http/url.h"

namespace trama::sms {

namespace {

std::string WithoutSlash(const std::string& url) {
  return std::string(absl::StripSuffix(url, "/"));
}

}  // namespace

SmsAccountView ViewOf(const channels::ChannelAccount& account) {
  const config::v1::SmsAccount& sms = account.spec.sms();
  SmsAccountView view;
  view.workspace = account.workspace;
  view.name = account.name;
  view.partition = account.partition;
  view.default_region = account.default_region;
  view.numbers.assign(sms.numbers().begin(), sms.numbers().end());
  view.account_sid = sms.account_sid();
  view.messaging_service_sid = sms.messaging_service_sid();
  view.public_base_url = WithoutSlash(sms.public_base_url());
  view.api_base_url =
      sms.api_base_url().empty() ? kDefaultApiBaseUrl : WithoutSlash(sms.api_base_url());
  return view;
}

std::shared_ptr<const SmsAccountView> AccountViews::Of(
    const std::shared_ptr<const channels::ChannelAccount>& account) {
  const std::lock_guard lock(mutex_);
  if (const auto found = kept_.find(account.get()); found != kept_.end()) return found->second.view;
  // Accounts that nobody but us knows any more are of an earlier configuration.
  std::erase_if(kept_, [](const auto& each) { return each.second.account.use_count() == 1; });
  auto view = std::make_shared<const SmsAccountView>(ViewOf(*account));
  kept_[account.get()] = {account, view};
  return view;
}

absl::StatusOr<SigningSecrets> SecretsOf(const channels::AccountDirectory& accounts,
                                         const channels::ChannelAccount& account) {
  SigningSecrets secrets;
  absl::Status unreadable;
  const auto read = [&](const std::string& reference) -> std::string {
    absl::StatusOr<std::string> value = accounts.Secret(reference);
    if (value.ok() && !value->empty()) return *std::move(value);
    if (!value.ok()) unreadable = absl::FailedPreconditionError(value.status().message());
    platform::Log(
        platform::LogLevel::kWarning, "secret of a channel account cannot be read",
        {{"workspace", account.workspace},
         {"account", account.name},
         {"why", value.ok() ? absl::FailedPreconditionError("it is empty") : unreadable}});
    return {};
  };
  for (const std::string& reference : account.spec.sms().auth_tokens()) {
    if (std::string token = read(reference); !token.empty()) {
      secrets.auth_tokens.push_back(std::move(token));
    }
  }
  for (const config::v1::SharedKey& shared : account.spec.sms().shared_keys()) {
    if (std::string key = read(shared.key()); !key.empty()) {
      secrets.shared_keys.emplace_back(shared.id(), std::move(key));
    }
  }
  if (!secrets.auth_tokens.empty() || !secrets.shared_keys.empty()) return secrets;
  if (!unreadable.ok()) return unreadable;
  return absl::FailedPreconditionError(absl::StrCat("channel account ", account.workspace, "/",
                                                    account.name,
                                                    " has neither auth_tokens nor shared_keys"));
}

absl::StatusOr<std::string> CallToken(const channels::AccountDirectory& accounts,
                                      const channels::ChannelAccount& account) {
  if (account.spec.sms().auth_tokens().empty()) {
    return absl::FailedPreconditionError(absl::StrCat("channel account ", account.workspace, "/",
                                                      account.name, " has no auth_tokens"));
  }
  absl::StatusOr<std::string> token = accounts.Secret(account.spec.sms().auth_tokens(0));
  // In the middle of a rotation the file may be gone for a moment.
  if (!token.ok()) return absl::UnavailableError(token.status().message());
  return token;
}

absl::Duration AmbiguityWait(const channels::ChannelAccount& account) {
  absl::Duration wait;
  return absl::ParseDuration(account.spec.sms().ambiguity_wait(), &wait) ? wait
                                                                         : absl::ZeroDuration();
}

bool IsVendorHost(const SmsAccountView& account, std::string_view host) {
  const absl::StatusOr<platform::Url> api = platform::ParseUrl(account.api_base_url);
  if (api.ok() && host == api->host) return true;
  return host == "api.twilio.com" || absl::EndsWith(ToAbsl(host), ".twilio.com");
}

}  // namespace trama::sms
