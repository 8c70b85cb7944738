#include "services/channels/sms/testing/sms_world.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/sms/signature.h"
#include "services/channels/sms/twilio_account.h"

namespace trama::sms::testing {

namespace {

constexpr absl::Duration kWait = absl::Seconds(30);
constexpr char kFormType[] = "application/x-www-form-urlencoded; charset=UTF-8";

absl::StatusOr<std::string> Secret(std::string_view reference) {
  if (reference == "env:TOKEN") return std::string(kToken);
  if (reference == "env:IDENTITY") return std::string("0123456789abcdef");
  return absl::NotFoundError("no such secret");
}

config::v1::Snapshot Configuration(const std::string& api, const std::string& account_sid,
                                   const std::string& ambiguity_wait,
                                   const std::string& identity_secret,
                                   config::v1::ChannelAccountSpec::State state) {
  config::v1::Snapshot snapshot;
  static int64_t revision = 0;
  snapshot.set_revision(++revision);
  config::v1::Resource* account = snapshot.add_resources();
  account->set_kind("ChannelAccount");
  account->mutable_metadata()->set_name("main");
  account->mutable_metadata()->set_workspace("demo");
  account->mutable_metadata()->set_revision(revision);
  account->mutable_channel_account()->set_channel("sms");
  account->mutable_channel_account()->set_state(state);
  config::v1::SmsAccount* sms = account->mutable_channel_account()->mutable_sms();
  sms->set_account_sid(account_sid);
  sms->add_auth_tokens("env:TOKEN");
  sms->add_numbers(kNumber);
  sms->set_public_base_url(kPublicUrl);
  sms->set_api_base_url(api);
  sms->add_media_hosts("127.0.0.1");
  sms->set_ambiguity_wait(ambiguity_wait);
  config::v1::Resource* workspace = snapshot.add_resources();
  workspace->set_kind("Workspace");
  workspace->mutable_metadata()->set_name("demo");
  workspace->mutable_workspace()->set_partition(1);
  workspace->mutable_workspace()->set_default_region("US");
  workspace->mutable_workspace()->set_identity_secret(identity_secret);
  return snapshot;
}

template <typename Message>
std::vector<Message> Parse(const std::vector<platform::Record>& records) {
  std::vector<Message> messages;
  for (const platform::Record& record : records) {
    EXPECT_TRUE(messages.emplace_back().ParseFromString(*record.value));
  }
  return messages;
}

}  // namespace

void SmsWorld::SetUp() {
  BrokerTest::SetUp();
  if (HasFatalFailure()) return;
  interactions_ = NewTopic("interactions", 1);
  deliveries_ = NewTopic("deliveries", 2);
  dead_letters_ = NewTopic("deadletter", 1);
  outbound_ = NewTopic("outbound", 2);
  UseApi(vendor_.url());

  auto redis = platform::RedisProcess::Start();
  ASSERT_TRUE(redis.ok()) << redis.status();
  redis_process_ = *std::move(redis);
  auto address = platform::ParseRedisAddress(redis_process_->address());
  auto client = platform::RedisClient::Create(io_.context(), *address);
  ASSERT_TRUE(client.ok()) << client.status();
  redis_ = *std::move(client);
  ASSERT_TRUE(redis_->WaitConnected(kWait).ok());
  auto http = platform::HttpClient::Create(io_.context(),
                                           {.post_reuse_idle_max = absl::InfiniteDuration()});
  ASSERT_TRUE(http.ok()) << http.status();
  http_ = *std::move(http);

  accounts_ = std::make_unique<channels::AccountDirectory>("sms", config_source_, clock_, Secret);
  archive_ = std::make_unique<channels::RawArchive>(blobs_, workers_, *accounts_, clock_, metrics_);
  seen_ = std::make_unique<channels::SeenMemory>(redis_.get(), "sms", metrics_);
  opt_outs_ = std::make_unique<OptOuts>(redis_.get(), *accounts_);
  sender_ = std::make_unique<TwilioSender>(*accounts_, *opt_outs_, *http_, clock_);
  platform::MediaLimits limits;
  limits.bytes_max = 1000;
  fetchers_ = std::make_unique<MediaFetchers>(io_.context(), *accounts_, limits);
  ServeDoors(config());
}

void SmsWorld::TearDown() {
  delivery_.reset();
  media_fetch_.reset();
  if (server_ != nullptr) server_->Drain(absl::Seconds(5));
  io_.Stop();
  BrokerTest::TearDown();
}

void SmsWorld::SetAccountState(config::v1::ChannelAccountSpec::State state) {
  config_source_.Set(std::make_shared<platform::ConfigView>(std::make_shared<config::v1::Snapshot>(
      Configuration(api_, account_sid_, ambiguity_wait_, identity_secret_, state))));
}

void SmsWorld::WaitForReceipts(const std::string& wait) {
  ambiguity_wait_ = wait;
  SetAccountState(config::v1::ChannelAccountSpec::ON);
}

void SmsWorld::UseApi(const std::string& url, const std::string& account_sid) {
  api_ = url;
  account_sid_ = account_sid;
  SetAccountState(config::v1::ChannelAccountSpec::ON);
}

void SmsWorld::ServeDoors(const platform::KafkaConfig& kafka) {
  if (server_ != nullptr) server_->Drain(absl::Seconds(5));
  auto producer = platform::Producer::Create(kafka);
  ASSERT_TRUE(producer.ok()) << producer.status();
  producer_ = *std::move(producer);
  channels::PublisherOptions publishing;
  publishing.channel = "sms";
  publishing.interactions_topic = interactions_;
  publishing.deliveries_topic = deliveries_;
  publishing.dead_letter_topic = dead_letters_;
  publisher_ = std::make_unique<channels::Publisher>(*producer_, clock_, metrics_, publishing);
  ingest_ = std::make_unique<channels::Ingest>(*publisher_, *seen_, *archive_);
  host_ = std::make_unique<channels::WebhookHost>("sms", *ingest_, clock_, metrics_);
  doors_ = std::make_unique<Doors>(*accounts_, *host_, *archive_, *opt_outs_, clock_);
  platform::HttpRouter router;
  doors_->AddTo(router);
  auto server = platform::HttpServer::Start(io_.context(), {}, std::move(router));
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
}

void SmsWorld::StartDelivery() {
  channels::DeliveryLoopOptions options;
  options.rules.channel = "sms";
  options.rules.backoff_base = absl::Milliseconds(50);
  options.outbound_topic = outbound_;
  options.deliveries_topic = deliveries_;
  options.dead_letter_topic = dead_letters_;
  options.group = Unique("delivery");
  auto loop = channels::DeliveryLoop::Start(
      config(), options, *sender_, [this] { return accounts_->ForDelivery(AmbiguityWait); },
      io_.context(), clock_, metrics_, health_);
  ASSERT_TRUE(loop.ok()) << loop.status();
  delivery_ = *std::move(loop);
}

void SmsWorld::StartMediaFetch() {
  channels::MediaFetchOptions options;
  options.channel = "sms";
  options.topic = interactions_;
  options.group = Unique("media");
  options.pause = absl::Milliseconds(20);
  auto fetch = channels::MediaFetch::Start(config(), options, *fetchers_, *archive_, *publisher_,
                                           io_.context(), clock_, metrics_, health_);
  ASSERT_TRUE(fetch.ok()) << fetch.status();
  media_fetch_ = *std::move(fetch);
}

Params SmsWorld::Message(const std::string& sid, const std::string& body) {
  return {{"MessageSid", sid}, {"AccountSid", "AC1"}, {"From", kCustomer}, {"To", kNumber},
          {"Body", body},      {"NumMedia", "0"},     {"NumSegments", "1"}};
}

platform::HttpClientRequest SmsWorld::Webhook(const std::string& target, const Params& form,
                                              const std::string& signature) const {
  platform::HttpClientRequest request;
  request.method = "POST";
  request.url = *platform::ParseUrl(absl::StrCat("http://127.0.0.1:", server_->port(), target));
  request.body = EncodeForm(form);
  request.headers.Set("Content-Type", kFormType);
  request.headers.Set("X-Twilio-Signature",
                      signature.empty() ? ComputeSignature(SignatureAlgorithm::kHmacSha1, kToken,
                                                           kPublicUrl + target, form)
                                        : signature);
  request.headers.Set("traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01");
  return request;
}

platform::HttpResponse SmsWorld::Post(const std::string& target, const Params& form,
                                      const std::string& signature) {
  const platform::HttpOutcome outcome = http_->SendBlocking(Webhook(target, form, signature));
  EXPECT_EQ(outcome.kind, platform::HttpOutcomeKind::kResponse) << outcome.error;
  return outcome.response;
}

platform::HttpResponse SmsWorld::Get(const std::string& target) {
  platform::HttpClientRequest request;
  request.url = *platform::ParseUrl(absl::StrCat("http://127.0.0.1:", server_->port(), target));
  request.headers.Set("X-Twilio-Signature", ComputeSignature(SignatureAlgorithm::kHmacSha1, kToken,
                                                             kPublicUrl + target, {}));
  return http_->SendBlocking(std::move(request)).response;
}

outbound::v1::OutboundMessage SmsWorld::Outbound(const std::string& id, const std::string& text) {
  outbound::v1::OutboundMessage message;
  message.set_message_id(id);
  message.set_workspace("demo");
  message.set_partition(1);
  message.set_conversation_id("conv-" + id);
  message.set_channel("sms");
  message.set_channel_account("main");
  message.mutable_recipient()->set_kind(types::v1::IDENTIFIER_KIND_PHONE);
  message.mutable_recipient()->set_value(kCustomer);
  message.set_recipient_address(kCustomer);
  message.add_parts()->mutable_text()->set_body(text);
  channels::SetProto(absl::Now(), message.mutable_created_at());
  return message;
}

void SmsWorld::WriteOutbound(outbound::v1::OutboundMessage message) {
  platform::Record record;
  record.topic = outbound_;
  record.partition = 1;
  record.key = message.conversation_id();
  record.value = message.SerializeAsString();
  const absl::Status written = producer_->ProduceAll({record}, kWait);
  ASSERT_TRUE(written.ok()) << written;
}

std::vector<platform::Record> SmsWorld::InteractionRecords() { return ReadAll(interactions_, 0); }

std::vector<interaction::v1::Interaction> SmsWorld::Interactions() {
  return Parse<interaction::v1::Interaction>(InteractionRecords());
}

std::vector<delivery::v1::Delivery> SmsWorld::Deliveries() {
  return Parse<delivery::v1::Delivery>(ReadAll(deliveries_, 1));
}

std::vector<deadletter::v1::DeadLetter> SmsWorld::DeadLetters() {
  return Parse<deadletter::v1::DeadLetter>(ReadAll(dead_letters_, 0));
}

std::string SmsWorld::Story(const std::string& message_id) {
  std::string story;
  for (const delivery::v1::Delivery& delivery : Deliveries()) {
    if (delivery.message_id() != message_id) continue;
    std::string word = delivery::v1::Status_Name(delivery.status()).substr(7);
    for (char& c : word) c = static_cast<char>(std::tolower(c));
    absl::StrAppend(&story, story.empty() ? "" : " ", word, "#", delivery.attempt());
  }
  return story;
}

}  // namespace trama::sms::testing
