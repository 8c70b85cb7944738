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
#include "trama/config/v1/resources.pb.h"

namespace trama::channels {

// A channel account as it stands in the configuration.
struct ChannelAccount {
  std::string workspace;
  std::string name;
  config::v1::ChannelAccountSpec spec;
  int32_t partition = 0;       // The workspace's partition number.
  std::string default_region;  // The workspace's.
  int64_t revision = 0;        // Changes whenever the account or its workspace does.

  bool is_on() const { return spec.state() == config::v1::ChannelAccountSpec::ON; }
  bool is_draining() const { return spec.state() == config::v1::ChannelAccountSpec::DRAINING; }
};
using ChannelAccountPtr = std::shared_ptr<const ChannelAccount>;

using SecretResolver = std::function<absl::StatusOr<std::string>(std::string_view reference)>;

// The accounts of one channel, out of the configuration's latest revision.
//
// Threads: safe from any. Accounts handed out are immutable and stay valid.
class AccountDirectory {
 public:
  // `resolve` reads secrets (platform::ResolveSecret).
  AccountDirectory(std::string channel, SecretResolver resolve);

  // A new revision. Call it for each; ConfigFollower gives them in order.
  void Update(const config::v1::Snapshot& snapshot);

  // True after the first Update.
  bool ready() const;

  // Null when there is none. Accounts that are OFF are found, too.
  ChannelAccountPtr Find(std::string_view workspace, std::string_view name) const;
  // Ordered by workspace and name.
  std::vector<ChannelAccountPtr> All() const;

  // For delivery; `receipt_wait` gives an account's own wait, zero for the rules'.
  DeliveryAccounts ForDelivery(
      const std::function<absl::Duration(const ChannelAccount&)>& receipt_wait = nullptr) const;

  // The value of a secret, e.g. "file:/run/secrets/x". Read anew at most every kSecretKept, so that
  // a rotated file is seen. The error names the reference, never the value.
  absl::StatusOr<std::string> Secret(const std::string& reference, absl::Time now) const;
  // The secret by which a workspace's ids of personal values are keyed.
  absl::StatusOr<std::string> IdentitySecret(const std::string& workspace, absl::Time now) const;

  static constexpr absl::Duration kSecretKept = absl::Seconds(10);

 private:
  struct State;
  struct CachedSecret {
    absl::StatusOr<std::string> value;
    absl::Time read_at;
  };
  std::shared_ptr<const State> state() const;

  const std::string channel_;
  const SecretResolver resolve_;
  mutable std::mutex mutex_;
  std::shared_ptr<const State> state_;
  mutable std::map<std::string, CachedSecret> secrets_;
};

}  // namespace trama::channels
