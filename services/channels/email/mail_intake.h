#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/channels/common/ingest.h"
#include "services/channels/email/inboxes.h"
#include "services/channels/email/smtp_session.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/metrics.h"
#include "services/platform/base/worker_pool.h"

namespace trama::email {

// What becomes of a mail that was handed over: kept whole, read, its files kept, published; then it
// is answered. Thread-safe.
class MailIntake {
 public:
  MailIntake(const Inboxes& inboxes, channels::Ingest& ingest, channels::RawArchive& archive,
             platform::WorkerPool& workers, const platform::Clock& clock,
             platform::Metrics& metrics)
      : inboxes_(inboxes),
        ingest_(ingest),
        archive_(archive),
        workers_(workers),
        clock_(clock),
        mails_(metrics.Counter("trama_email_mails_total", "Mails handed over, per recipient.",
                               {"outcome"})) {}

  // One reply per recipient, in their order: 250 only when all of it is durable.
  platform::Awaitable<std::vector<SmtpReply>> Take(Envelope envelope);

 private:
  using MailPtr = std::shared_ptr<const ParsedMail>;

  // Where a mail lies, whole, before anybody has read it.
  struct Spooled {
    types::v1::Identifier keeper;
    absl::StatusOr<std::string> blob;
  };
  using Spool = std::map<std::string, Spooled>;  // By workspace.

  // Keeps the mail before anything looks into it: should reading it end the process, it is still
  // there. Whose it is says the envelope, which usually names the author; otherwise it lies with
  // the inbox meanwhile.
  platform::Awaitable<Spool> KeepRaw(const Envelope& envelope);
  // The mail lies with `owner` now, with nobody when null: elsewhere it has no place any more.
  platform::Awaitable<void> LeaveSpool(Spool& spool, const std::string& workspace,
                                       const types::v1::Identifier* owner);

  // Null when too much waits to be read.
  platform::Awaitable<MailPtr> Read(std::string_view raw);
  void Count(const std::vector<SmtpReply>& replies);
  platform::Awaitable<SmtpReply> TakeFor(const Envelope& envelope, const std::string& recipient,
                                         const ParsedMail& mail, absl::Time received_at,
                                         Spool& spool);
  platform::Awaitable<SmtpReply> GiveUp(const Envelope& envelope, const Inbox& inbox,
                                        const ParsedMail& mail, const absl::Status& why,
                                        Spool& spool);
  platform::Awaitable<absl::Status> KeepFiles(Inbound& inbound);

  const Inboxes& inboxes_;
  channels::Ingest& ingest_;
  channels::RawArchive& archive_;
  platform::WorkerPool& workers_;
  const platform::Clock& clock_;
  platform::CounterFamily& mails_;
};

}  // namespace trama::email
