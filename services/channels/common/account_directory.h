#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/channels/common/delivery_rules.h"
#include "services/platform/base/clock.h"
#include "services/platform/config/config_source.h"
#include "trama/config/v1/resources.pb.h"

namespace trama::channels {

// A channel account as it stands in the configuration. A value.
struct ChannelAccount {
  std::string workspace;
  std::string name;
  config::v1::ChannelAccountSpec spec;
  int32_t partition = 0;       // The workspace's partition number.
  std::string default_region;  // The workspace's; may be empty.
  // Changes whenever the account or its workspace does.
  std::pair<int64_t, int64_t> revision;

  bool is_on() const { return spec.state() == config::v1::ChannelAccountSpec::ON; }
  bool is_draining() const { return spec.state() == config::v1::ChannelAccountSpec::DRAINING; }
  bool is_off() const { return !is_on() && !is_draining(); }
};

using SecretResolver = std::function<absl::StatusOr<std::string>(std::string_view reference)>;

// The accounts of one channel in the present configuration, and their secrets.
//
// Threads: safe from any. Lifetime: what it is given must outlive it.
class AccountDirectory {
 public:
  // `resolve` reads secrets: platform::ResolveSecret.
  AccountDirectory(std::string channel, const platform::ConfigSource& config,
                   const platform::Clock& clock, SecretResolver resolve);

  const std::string& channel() const { return channel_; }

  // False until the first revision has been read: nobody knows yet which accounts there are.
  bool is_known() const { return config_.Current()->revision() != 0; }

  // None when there is none, or when its workspace has no partition number (yet). Accounts that are
  // OFF are found, too.
  std::optional<ChannelAccount> Find(std::string_view workspace, std::string_view name) const;
  // As Find, for doors that look at one with every request; null when there is none.
  std::shared_ptr<const ChannelAccount> Share(std::string_view workspace,
                                              std::string_view name) const;
  // In the order of workspace and name.
  std::vector<ChannelAccount> All() const;

  // For delivery; none unless is_known(). `receipt_wait` gives an account's own wait; zero, or no
  // function: the rules'.
  std::optional<DeliveryAccounts> ForDelivery(
      const std::function<absl::Duration(const ChannelAccount&)>& receipt_wait = nullptr) const;

  // The value of a secret, e.g. "file:/run/secrets/x". Read anew after kSecretKept, so that a
  // rotated file is seen; after kMissingKept when it could not be read. The error names the
  // reference, never the value.
  absl::StatusOr<std::string> Secret(const std::string& reference) const;
  // The secret by which a workspace's ids of personal values are keyed. FAILED_PRECONDITION when it
  // has none, or one that is too short.
  absl::StatusOr<std::string> IdentitySecret(const std::string& workspace) const;

  // Whether there is such a secret, for doors that ask with every message: what was there is not
  // looked at again within the second.
  absl::Status CheckIdentity(const std::string& workspace) const;

  static constexpr absl::Duration kSecretKept = absl::Seconds(10);
  // Less than the pauses between the tries for a file: a rotation must not end them all.
  static constexpr absl::Duration kMissingKept = absl::Seconds(1);

 private:
  struct CachedSecret {
    absl::StatusOr<std::string> value;
    absl::Duration read_at;
  };

  const std::string channel_;
  const platform::ConfigSource& config_;
  const platform::Clock& clock_;
  const SecretResolver resolve_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, CachedSecret> secrets_;
  // Those of Share that were found in `shared_of_`, by AccountKey.
  mutable std::map<std::string, std::shared_ptr<const ChannelAccount>> shared_;
  mutable platform::ConfigPtr shared_of_;
  // When the identity secrets of workspaces in `identities_of_` were last found.
  mutable std::map<std::string, absl::Duration> identities_;
  mutable platform::ConfigPtr identities_of_;
};

}  // namespace trama::channels
