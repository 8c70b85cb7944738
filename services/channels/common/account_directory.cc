#include "services/channels/common/account_directory.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/ids.h"

namespace trama::channels {

namespace {

constexpr absl::Duration kIdentityKept = absl::Seconds(1);

std::optional<ChannelAccount> Make(const platform::ConfigView& view,
                                   const config::v1::Resource& resource) {
  const std::string& workspace = resource.metadata().workspace();
  const config::v1::Resource* home = view.Find("Workspace", "", workspace);
  if (home == nullptr || !home->workspace().has_partition()) return std::nullopt;
  ChannelAccount account;
  account.workspace = workspace;
  account.name = resource.metadata().name();
  account.spec = resource.channel_account();
  account.partition = home->workspace().partition();
  account.default_region = home->workspace().default_region();
  account.revision = {resource.metadata().revision(), home->metadata().revision()};
  return account;
}

}  // namespace

AccountDirectory::AccountDirectory(std::string channel, const platform::ConfigSource& config,
                                   const platform::Clock& clock, SecretResolver resolve)
    : channel_(std::move(channel)), config_(config), clock_(clock), resolve_(std::move(resolve)) {}

std::optional<ChannelAccount> AccountDirectory::Find(std::string_view workspace,
                                                     std::string_view name) const {
  const platform::ConfigPtr view = config_.Current();
  const config::v1::Resource* resource = view->Find("ChannelAccount", workspace, name);
  if (resource == nullptr || resource->channel_account().channel() != channel_) return std::nullopt;
  return Make(*view, *resource);
}

std::shared_ptr<const ChannelAccount> AccountDirectory::Share(std::string_view workspace,
                                                              std::string_view name) const {
  const platform::ConfigPtr view = config_.Current();
  const std::string key = AccountKey(std::string(workspace), std::string(name));
  const std::lock_guard lock(mutex_);
  if (shared_of_ != view) {
    shared_.clear();
    shared_of_ = view;
  }
  if (const auto found = shared_.find(key); found != shared_.end()) return found->second;
  // What is not there is not remembered: anybody may ask for any name.
  const config::v1::Resource* resource = view->Find("ChannelAccount", workspace, name);
  if (resource == nullptr || resource->channel_account().channel() != channel_) return nullptr;
  std::optional<ChannelAccount> account = Make(*view, *resource);
  if (!account.has_value()) return nullptr;
  return shared_[key] = std::make_shared<const ChannelAccount>(*std::move(account));
}

std::vector<ChannelAccount> AccountDirectory::All() const {
  const platform::ConfigPtr view = config_.Current();
  std::vector<ChannelAccount> accounts;
  for (const config::v1::Resource* resource : view->AccountsOf(channel_)) {
    if (auto account = Make(*view, *resource)) accounts.push_back(*std::move(account));
  }
  return accounts;
}

std::optional<DeliveryAccounts> AccountDirectory::ForDelivery(
    const std::function<absl::Duration(const ChannelAccount&)>& receipt_wait) const {
  if (!is_known()) return std::nullopt;
  DeliveryAccounts accounts;
  for (const ChannelAccount& account : All()) {
    DeliveryAccount& entry = accounts[AccountKey(account.workspace, account.name)];
    entry.on = !account.is_off();
    if (receipt_wait) entry.receipt_wait = receipt_wait(account);
  }
  return accounts;
}

absl::StatusOr<std::string> AccountDirectory::Secret(const std::string& reference) const {
  const absl::Duration now = clock_.Monotonic();
  {
    const std::lock_guard lock(mutex_);
    const auto cached = secrets_.find(reference);
    if (cached != secrets_.end()) {
      const absl::Duration kept = cached->second.value.ok() ? kSecretKept : kMissingKept;
      if (now - cached->second.read_at < kept) return cached->second.value;
    }
  }
  // Not under the lock: reading a file may take long, and all webhooks pass here.
  absl::StatusOr<std::string> value = resolve_(reference);
  const std::lock_guard lock(mutex_);
  secrets_.insert_or_assign(reference, CachedSecret{value, now});
  return value;
}

absl::StatusOr<std::string> AccountDirectory::IdentitySecret(const std::string& workspace) const {
  const platform::ConfigPtr view = config_.Current();
  const config::v1::WorkspaceSpec* spec = view->FindWorkspace(workspace);
  if (spec == nullptr || spec->identity_secret().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("workspace \"", workspace, "\" has no identity_secret; set one"));
  }
  absl::StatusOr<std::string> secret = Secret(spec->identity_secret());
  if (!secret.ok()) return absl::FailedPreconditionError(secret.status().message());
  if (secret->size() < kIdSecretMinBytes) {
    return absl::FailedPreconditionError(
        absl::StrCat("identity_secret of workspace \"", workspace, "\" has ", secret->size(),
                     " bytes, it needs at least ", kIdSecretMinBytes));
  }
  return secret;
}

absl::Status AccountDirectory::CheckIdentity(const std::string& workspace) const {
  const platform::ConfigPtr view = config_.Current();
  const absl::Duration now = clock_.Monotonic();
  {
    const std::lock_guard lock(mutex_);
    const auto found = identities_.find(workspace);
    if (identities_of_ == view && found != identities_.end() &&
        now - found->second < kIdentityKept) {
      return absl::OkStatus();
    }
  }
  absl::Status there = IdentitySecret(workspace).status();
  if (!there.ok()) return there;
  const std::lock_guard lock(mutex_);
  if (identities_of_ != view) identities_.clear();
  identities_of_ = view;
  identities_[workspace] = now;
  return there;
}

}  // namespace trama::channels
