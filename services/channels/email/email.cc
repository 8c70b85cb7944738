#include "services/channels/email/email.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "services/channels/common/delivery_loop.h"
#include "services/channels/common/ingest.h"
#include "services/channels/email/mail_intake.h"
#include "services/channels/email/mail_sender.h"
#include "services/channels/email/mail_server.h"
#include "services/platform/base/common_flags.h"
#include "services/platform/base/server_address.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/parts/parts.h"

ABSL_FLAG(std::string, smtp_listen, "127.0.0.1:2525",
          "Where mail arrives by SMTP (host:port); empty: nowhere.");
ABSL_FLAG(std::string, lmtp_listen, "127.0.0.1:2424",
          "Where a mail server hands mail over by LMTP (host:port); empty: nowhere.");
ABSL_FLAG(std::string, mail_hostname, "localhost", "Who we say we are in dialogues.");
ABSL_FLAG(int32_t, mail_bytes_max, 25 << 20, "Largest mail that is taken.");
ABSL_FLAG(absl::Duration, ambiguity_wait, absl::Seconds(60),
          "How long a mail waits for a bounce or receipt when the connection broke after it was "
          "sent whole, before it is sent once more.");

namespace trama::email {
namespace {

constexpr absl::Duration kDrainMax = absl::Seconds(10);
constexpr int kMailBytesMaxMax = 100 << 20;
constexpr absl::Duration kAmbiguityWaitMax = absl::Hours(1);

// Everything that the doors and delivery share.
struct Parts {
  platform::Producer* producer = nullptr;
  platform::RedisClient* redis = nullptr;
  const platform::ConfigSource* config = nullptr;
  channels::AccountDirectory* accounts = nullptr;
  channels::RawArchive* archive = nullptr;
};

absl::Status MakeParts(platform::Runtime& runtime, const platform::KafkaConfig& kafka,
                       Parts& parts) {
  const auto config = platform::AddConfig(runtime, kafka);
  if (!config.ok()) return config.status();
  parts.config = *config;
  const auto producer = platform::AddProducer(runtime, kafka);
  if (!producer.ok()) return producer.status();
  parts.producer = *producer;
  const auto redis = platform::AddRedis(runtime);
  if (!redis.ok()) return redis.status();
  parts.redis = *redis;

  const auto blobs = platform::AddBlobStore(runtime);
  if (!blobs.ok()) return blobs.status();
  parts.accounts = &runtime.Own(std::make_unique<channels::AccountDirectory>(
      kChannel, *parts.config, runtime.clock(), platform::ResolveSecret));
  parts.archive = &runtime.Own(std::make_unique<channels::RawArchive>(
      **blobs, runtime.workers(), *parts.accounts, runtime.clock(), runtime.metrics()));
  return absl::OkStatus();
}

// Null when there is no address to listen on.
absl::StatusOr<MailServer*> Listen(platform::Runtime& runtime, const std::string& listen,
                                   SmtpSession::Mode mode, const Inboxes& inboxes,
                                   MailIntake& intake) {
  if (listen.empty()) return nullptr;
  MailServerOptions options;
  options.listen = listen;
  options.session.mode = mode;
  options.session.hostname = absl::GetFlag(FLAGS_mail_hostname);
  options.session.message_bytes_max = static_cast<size_t>(absl::GetFlag(FLAGS_mail_bytes_max));
  if (mode == SmtpSession::Mode::kSmtp && !absl::GetFlag(FLAGS_tls_cert_file).empty()) {
    auto tls = platform::ReloadingTls::Open({.certificate_file = absl::GetFlag(FLAGS_tls_cert_file),
                                             .key_file = absl::GetFlag(FLAGS_tls_key_file)});
    if (!tls.ok()) return tls.status();
    options.tls = *std::move(tls);
    options.session.offer_starttls = true;
  }
  auto server = MailServer::Start(
      runtime.io(), std::move(options),
      [&inboxes](const std::string& address) { return inboxes.Check(address); }, intake);
  if (!server.ok()) return server.status();
  MailServer& running = runtime.Own(*std::move(server));
  runtime.AddStopper("mail", [&running] { running.Drain(kDrainMax); });
  return &running;
}

void AddDoors(platform::Runtime& runtime, const Parts& parts) {
  channels::PublisherOptions publishing;
  publishing.channel = kChannel;
  auto& publisher = runtime.Own(std::make_unique<channels::Publisher>(
      *parts.producer, runtime.clock(), runtime.metrics(), std::move(publishing)));
  auto& seen =
      runtime.Own(std::make_unique<channels::SeenMemory>(parts.redis, kChannel, runtime.metrics()));
  auto& ingest = runtime.Own(std::make_unique<channels::Ingest>(publisher, seen, *parts.archive));
  auto& inboxes = runtime.Own(std::make_unique<Inboxes>(*parts.accounts, *parts.config));
  auto& intake = runtime.Own(std::make_unique<MailIntake>(
      inboxes, ingest, *parts.archive, runtime.workers(), runtime.clock(), runtime.metrics()));
  runtime.AfterStart([&runtime, &inboxes, &intake]() -> absl::Status {
    std::vector<MailServer*> servers;
    for (const auto& [listen, mode] :
         {std::pair(absl::GetFlag(FLAGS_smtp_listen), SmtpSession::Mode::kSmtp),
          std::pair(absl::GetFlag(FLAGS_lmtp_listen), SmtpSession::Mode::kLmtp)}) {
      const absl::StatusOr<MailServer*> server = Listen(runtime, listen, mode, inboxes, intake);
      if (!server.ok()) return server.status();
      if (*server != nullptr) servers.push_back(*server);
    }
    // Stoppers run in reverse order: all leave at the same time, then each is waited for.
    runtime.AddStopper("mail listeners", [servers] {
      for (MailServer* server : servers) server->BeginDrain();
    });
    return absl::OkStatus();
  });
}

absl::Status AddDelivery(platform::Runtime& runtime, const platform::KafkaConfig& kafka,
                         const Parts& parts) {
  auto tls = platform::MakeClientTls({.ca_file = absl::GetFlag(FLAGS_tls_ca_file)});
  if (!tls.ok()) return tls.status();
  auto& sender =
      runtime.Own(std::make_unique<MailSender>(*parts.accounts, *parts.archive, *std::move(tls)));
  runtime.AfterStart([&runtime, &sender, kafka, parts]() -> absl::Status {
    channels::DeliveryLoopOptions options;
    options.rules.channel = kChannel;
    options.rules.receipt_wait = absl::GetFlag(FLAGS_ambiguity_wait);
    options.instance_id = absl::GetFlag(FLAGS_group_instance);
    options.on_fatal = [&runtime](const absl::Status& why) { runtime.Fatal(why); };
    auto loop = channels::DeliveryLoop::Start(
        kafka, std::move(options), sender,
        [accounts = parts.accounts] { return accounts->ForDelivery(); }, runtime.io(),
        runtime.clock(), runtime.metrics(), runtime.health());
    if (!loop.ok()) return loop.status();
    channels::DeliveryLoop& running = runtime.Own(*std::move(loop));
    runtime.AddCloser("delivery", [&running] { running.Stop(); });
    return absl::OkStatus();
  });
  return absl::OkStatus();
}

}  // namespace

void CheckSettings(platform::Mistakes& mistakes) {
  for (const std::string& listen :
       {absl::GetFlag(FLAGS_smtp_listen), absl::GetFlag(FLAGS_lmtp_listen)}) {
    if (listen.empty()) continue;
    mistakes.AddStatus("mail listeners",
                       platform::ParseServerAddress(listen, /*allow_port_zero=*/true).status());
  }
  const absl::Duration wait = absl::GetFlag(FLAGS_ambiguity_wait);
  mistakes.Require(
      wait > absl::ZeroDuration() && wait <= kAmbiguityWaitMax,
      absl::StrCat("--ambiguity_wait ", absl::FormatDuration(wait), " must be above 0 and at most ",
                   absl::FormatDuration(kAmbiguityWaitMax), ", for example 60s"));
  const int32_t bytes = absl::GetFlag(FLAGS_mail_bytes_max);
  mistakes.Require(bytes > 0 && bytes <= kMailBytesMaxMax,
                   absl::StrCat("--mail_bytes_max ", bytes, " must be from 1 to ", kMailBytesMaxMax,
                                ", for example 26214400"));
}

absl::Status SetUp(platform::Runtime& runtime) {
  const auto kafka = platform::LogInToKafka("email");
  if (!kafka.ok()) return kafka.status();
  if (absl::Status added = platform::AddTopicsCheck(runtime, *kafka, "email"); !added.ok())
    return added;
  Parts parts;
  if (absl::Status made = MakeParts(runtime, *kafka, parts); !made.ok()) return made;
  if (absl::Status added = AddDelivery(runtime, *kafka, parts); !added.ok()) return added;
  AddDoors(runtime, parts);
  return absl::OkStatus();
}

}  // namespace trama::email
