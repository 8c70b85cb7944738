#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/channels/common/account_directory.h"
#include "services/channels/email/inbound.h"
#include "services/channels/email/smtp_session.h"

namespace trama::email {

// Which account an address belongs to: its own, an alias, one of these with a +detail, or a return
// path of ours (a token at the account's domain). Thread-safe.
class Inboxes {
 public:
  Inboxes(const channels::AccountDirectory& accounts, const platform::ConfigSource& config)
      : accounts_(accounts), config_(config) {}

  // For RCPT TO: 250, 550 for an address that nobody has, 450 for an account that takes in nothing
  // now, 451 when its secret, or the configuration, has not been read: a 550 would lose mail.
  SmtpReply Check(const std::string& address) const;

  // None when there is none that takes in mail.
  std::optional<Inbox> Find(const std::string& address) const;

 private:
  std::optional<channels::ChannelAccount> AccountOf(const std::string& address) const;

  const channels::AccountDirectory& accounts_;
  const platform::ConfigSource& config_;
};

}  // namespace trama::email
