#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "services/channels/email/mail_intake.h"
#include "services/channels/email/smtp_session.h"
#include "services/platform/net/reloading_tls.h"

namespace trama::email {

struct MailServerOptions {
  std::string listen;  // "host:port"; port 0 picks a free one.
  SmtpSession::Options session;
  std::shared_ptr<platform::ReloadingTls> tls;  // Offers STARTTLS when set.
  size_t connections_max = 500;
  // Of all mails that are on their way in; a dialogue that would need more is told to come again.
  size_t held_bytes_max = 512 << 20;
  absl::Duration idle_max = absl::Minutes(5);       // RFC 5321, 4.5.3.2.7.
  absl::Duration dialogue_max = absl::Minutes(30);  // One connection in all.
};

// Listens for SMTP or LMTP and hands every mail to the intake. Lifetime: what it is given must
// outlive it; destroy it when its connections have ended (Drain).
class MailServer {
 public:
  static absl::StatusOr<std::unique_ptr<MailServer>> Start(boost::asio::io_context& io,
                                                           MailServerOptions options,
                                                           SmtpSession::CheckRecipient check,
                                                           MailIntake& intake);
  ~MailServer();

  uint16_t port() const;

  // Accepts nobody any more; dialogues that are not in the middle of a mail are told to come again.
  void BeginDrain();
  // Waits for the others, which may finish their mail within `limit`; begins the drain if need be.
  // Not from a thread of `io`.
  void Drain(absl::Duration limit);

 private:
  class Core;
  explicit MailServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  std::shared_ptr<Core> core_;
};

}  // namespace trama::email
