#include "services/channels/open/open_account.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/channels/open/signature.h"
#include "services/platform/base/log.h"

namespace trama::open_channel {

namespace {

constexpr int64_t kEventsPerSecondDefault = 200;

}  // namespace

OpenAccountView ViewOf(const channels::ChannelAccount& account) {
  const config::v1::OpenAccount& open = account.spec.open();
  OpenAccountView view;
  view.workspace = account.workspace;
  view.name = account.name;
  view.default_region = account.default_region;
  view.callback_url = open.callback_url();
  view.public_base_url = std::string(absl::StripSuffix(open.public_base_url(), "/"));
  return view;
}

absl::StatusOr<std::vector<std::string>> SecretsOf(const channels::AccountDirectory& accounts,
                                                   const channels::ChannelAccount& account) {
  std::vector<std::string> secrets;
  for (const std::string& reference : account.spec.open().secrets()) {
    absl::StatusOr<std::string> secret = accounts.Secret(reference);
    absl::Status bad = secret.status();
    if (secret.ok() && secret->size() < kSecretBytesMin) {
      bad = absl::FailedPreconditionError(absl::StrCat("secret ", reference, " has less than ",
                                                       kSecretBytesMin, " bytes; make it longer"));
    }
    if (bad.ok()) {
      secrets.push_back(*std::move(secret));
      continue;
    }
    platform::Log(platform::LogLevel::kWarning, "secret of a channel account cannot be used",
                  {{"workspace", account.workspace}, {"account", account.name}, {"why", bad}});
  }
  if (!secrets.empty()) return secrets;
  return absl::FailedPreconditionError(absl::StrCat(
      "channel account ", account.workspace, "/", account.name, " has no secret that can be used"));
}

int64_t EventsPerSecondOf(const channels::ChannelAccount& account) {
  const int64_t given = account.spec.open().events_per_second_max();
  return given > 0 ? given : kEventsPerSecondDefault;
}

}  // namespace trama::open_channel
