#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/channels/common/account_directory.h"
#include "services/channels/common/raw_archive.h"
#include "services/channels/common/sender.h"
#include "services/channels/email/smtp_client.h"
#include "services/platform/base/clock.h"
#include "services/platform/net/tls.h"

namespace trama::email {

// Sends by SMTP: composes the mail anew for every attempt, which gives the same bytes, signs and
// submits it. Threads: safe from any.
class MailSender final : public channels::Sender {
 public:
  static constexpr absl::Duration kCallMax = absl::Seconds(60);
  static constexpr size_t kFileBytesMax = 25 * 1024 * 1024;  // Of all files of one mail.

  // `tls` may be null: then accounts that ask for TLS cannot send.
  MailSender(const channels::AccountDirectory& accounts, channels::RawArchive& archive,
             std::shared_ptr<platform::TlsContext> tls)
      : accounts_(accounts), archive_(archive), tls_(std::move(tls)) {}

  platform::Awaitable<channels::SendOutcome> Send(channels::OutboundPtr message,
                                                  channels::Attempt attempt) override;

 private:
  platform::Awaitable<absl::StatusOr<SmtpMail>> Write(const outbound::v1::OutboundMessage& message,
                                                      const channels::ChannelAccount& account);
  absl::StatusOr<SmtpRoute> RouteOf(const channels::ChannelAccount& account) const;

  const channels::AccountDirectory& accounts_;
  channels::RawArchive& archive_;
  const std::shared_ptr<platform::TlsContext> tls_;
};

}  // namespace trama::email
