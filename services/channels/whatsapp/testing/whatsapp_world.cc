#include "services/channels/whatsapp/testing/whatsapp_world.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/whatsapp/graph_account.h"
#include "services/channels/whatsapp/signature.h"
#include "services/channels/whatsapp/testing/payloads.h"

namespace trama::whatsapp::testing {

namespace {

constexpr absl::Duration kWait = absl::Seconds(30);

void AddAccount(config::v1::Snapshot& snapshot, const std::string& name, const std::string& number,
                const std::vector<std::string>& secrets,
                config::v1::ChannelAccountSpec::State state, const std::string& api) {
  config::v1::Resource& account = *snapshot.add_resources();
  account.set_kind("ChannelAccount");
  account.mutable_metadata()->set_name(name);
  account.mutable_metadata()->set_workspace("demo");
  account.mutable_metadata()->set_revision(snapshot.revision());
  account.mutable_channel_account()->set_channel(kChannel);
  account.mutable_channel_account()->set_state(state);
  config::v1::WhatsAppAccount& whatsapp = *account.mutable_channel_account()->mutable_whatsapp();
  whatsapp.set_phone_number_id(number);
  whatsapp.set_business_account_id("1020");
  for (const std::string& secret : secrets) whatsapp.add_app_secrets(secret);
  whatsapp.set_verify_token("env:VERIFY");
  whatsapp.set_access_token("env:ACCESS");
  whatsapp.set_api_base_url(api);
  whatsapp.add_media_hosts("127.0.0.1");
  // "second" waits long enough for a test to send a status meanwhile.
  whatsapp.set_ambiguity_wait(name == "second" ? "60s" : "300ms");
}

template <typename Record>
std::vector<Record> Parse(const std::vector<platform::Record>& records) {
  std::vector<Record> messages;
  for (const platform::Record& record : records) {
    EXPECT_TRUE(messages.emplace_back().ParseFromString(*record.value));
  }
  return messages;
}

}  // namespace

absl::StatusOr<std::string> SecretOfWorld(std::string_view reference) {
  if (reference == "env:APP") return std::string(kAppSecret);
  if (reference == "env:NEXT") return std::string(kNextAppSecret);
  if (reference == "env:OTHER") return std::string("secret of another app");
  if (reference == "env:VERIFY") return std::string(kVerifyToken);
  if (reference == "env:ACCESS") return std::string(kAccessToken);
  if (reference == "env:IDENTITY") return std::string("0123456789abcdef");
  return absl::NotFoundError("no such secret");
}

platform::ConfigPtr ConfigurationOfWorld(const std::string& api,
                                         config::v1::ChannelAccountSpec::State main,
                                         config::v1::ChannelAccountSpec::State second) {
  static int64_t revision = 0;
  config::v1::Snapshot snapshot;
  snapshot.set_revision(++revision);
  AddAccount(snapshot, "main", kNumberId, {"env:APP", "env:NEXT"}, main, api);
  AddAccount(snapshot, "second", "900002", {"env:APP"}, second, api);
  AddAccount(snapshot, "other", "900003", {"env:OTHER"}, config::v1::ChannelAccountSpec::ON, api);
  config::v1::Resource& workspace = *snapshot.add_resources();
  workspace.set_kind("Workspace");
  workspace.mutable_metadata()->set_name("demo");
  workspace.mutable_workspace()->set_partition(1);
  workspace.mutable_workspace()->set_identity_secret("env:IDENTITY");
  return std::make_shared<platform::ConfigView>(
      std::make_shared<config::v1::Snapshot>(std::move(snapshot)));
}

void WhatsAppWorld::SetUp() {
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

  accounts_ =
      std::make_unique<channels::AccountDirectory>(kChannel, config_source_, clock_, SecretOfWorld);
  archive_ = std::make_unique<channels::RawArchive>(blobs_, workers_, *accounts_, clock_, metrics_);
  seen_ = std::make_unique<channels::SeenMemory>(redis_.get(), kChannel, metrics_);
  sender_ = std::make_unique<GraphSender>(*accounts_, *archive_, *http_, clock_);
  platform::MediaLimits limits;
  limits.bytes_max = 1000;
  media_ = std::make_unique<WhatsAppMedia>(io_.context(), *accounts_, *http_, limits);
  ServeDoors(config());
}

void WhatsAppWorld::TearDown() {
  delivery_.reset();
  media_fetch_.reset();
  if (server_ != nullptr) server_->Drain(absl::Seconds(5));
  io_.Stop();
  BrokerTest::TearDown();
}

void WhatsAppWorld::SetAccountStates(State main, State second) {
  main_state_ = main;
  second_state_ = second;
  config_source_.Set(ConfigurationOfWorld(api_, main, second));
}

void WhatsAppWorld::UseApi(const std::string& url) {
  api_ = url;
  SetAccountStates(main_state_, second_state_);
}

void WhatsAppWorld::ServeDoors(const platform::KafkaConfig& kafka) {
  if (server_ != nullptr) server_->Drain(absl::Seconds(5));
  auto producer = platform::Producer::Create(kafka);
  ASSERT_TRUE(producer.ok()) << producer.status();
  producer_ = *std::move(producer);
  channels::PublisherOptions publishing;
  publishing.channel = kChannel;
  publishing.interactions_topic = interactions_;
  publishing.deliveries_topic = deliveries_;
  publishing.dead_letter_topic = dead_letters_;
  publisher_ = std::make_unique<channels::Publisher>(*producer_, clock_, metrics_, publishing);
  ingest_ = std::make_unique<channels::Ingest>(*publisher_, *seen_, *archive_);
  host_ = std::make_unique<channels::WebhookHost>(kChannel, *ingest_, clock_, metrics_);
  doors_ = std::make_unique<Doors>(*accounts_, *host_);
  platform::HttpRouter router;
  doors_->AddTo(router);
  auto server = platform::HttpServer::Start(io_.context(), {}, std::move(router));
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
}

void WhatsAppWorld::StartDelivery() {
  channels::DeliveryLoopOptions options;
  options.rules.channel = kChannel;
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

void WhatsAppWorld::StartMediaFetch() {
  channels::MediaFetchOptions options;
  options.channel = kChannel;
  options.topic = interactions_;
  options.group = Unique("media");
  options.pause = absl::Milliseconds(20);
  auto fetch = channels::MediaFetch::Start(config(), options, *media_, *archive_, *publisher_,
                                           io_.context(), clock_, metrics_, health_);
  ASSERT_TRUE(fetch.ok()) << fetch.status();
  media_fetch_ = *std::move(fetch);
}

platform::HttpClientRequest WhatsAppWorld::Webhook(const std::string& target,
                                                   const std::string& body,
                                                   const std::string& signature) const {
  platform::HttpClientRequest request;
  request.method = "POST";
  request.url = *platform::ParseUrl(absl::StrCat("http://127.0.0.1:", server_->port(), target));
  request.body = body;
  request.headers.Set("Content-Type", "application/json");
  request.headers.Set("X-Hub-Signature-256",
                      signature.empty() ? ComputeSignature(kAppSecret, body) : signature);
  request.headers.Set("traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01");
  return request;
}

platform::HttpResponse WhatsAppWorld::Post(const std::string& body, const std::string& signature,
                                           const std::string& target) {
  const platform::HttpOutcome outcome = http_->SendBlocking(Webhook(target, body, signature));
  EXPECT_EQ(outcome.kind, platform::HttpOutcomeKind::kResponse) << outcome.error;
  return outcome.response;
}

platform::HttpResponse WhatsAppWorld::Get(const std::string& target) {
  platform::HttpClientRequest request;
  request.url = *platform::ParseUrl(absl::StrCat("http://127.0.0.1:", server_->port(), target));
  return http_->SendBlocking(std::move(request)).response;
}

outbound::v1::OutboundMessage WhatsAppWorld::Outbound(const std::string& id,
                                                      const std::string& text) {
  outbound::v1::OutboundMessage message;
  message.set_message_id(id);
  message.set_workspace("demo");
  message.set_partition(1);
  message.set_conversation_id("conv-" + id);
  message.set_channel(kChannel);
  message.set_channel_account("main");
  message.mutable_recipient()->set_kind(types::v1::IDENTIFIER_KIND_CHANNEL);
  message.mutable_recipient()->set_value(kUserId);
  message.set_recipient_address(kWaId);
  if (!text.empty()) message.add_parts()->mutable_text()->set_body(text);
  channels::SetProto(absl::Now(), message.mutable_created_at());
  return message;
}

void WhatsAppWorld::WriteOutbound(outbound::v1::OutboundMessage message) {
  platform::Record record;
  record.topic = outbound_;
  record.partition = 1;
  record.key = message.conversation_id();
  record.value = message.SerializeAsString();
  const absl::Status written = producer_->ProduceAll({record}, kWait);
  ASSERT_TRUE(written.ok()) << written;
}

std::vector<interaction::v1::Interaction> WhatsAppWorld::Interactions() {
  return Parse<interaction::v1::Interaction>(ReadAll(interactions_, 0));
}

std::vector<delivery::v1::Delivery> WhatsAppWorld::Deliveries() {
  return Parse<delivery::v1::Delivery>(ReadAll(deliveries_, 1));
}

std::vector<deadletter::v1::DeadLetter> WhatsAppWorld::DeadLetters() {
  return Parse<deadletter::v1::DeadLetter>(ReadAll(dead_letters_, 0));
}

std::string WhatsAppWorld::Story(const std::string& message_id) {
  std::string story;
  for (const delivery::v1::Delivery& delivery : Deliveries()) {
    if (delivery.message_id() != message_id) continue;
    std::string word = delivery::v1::Status_Name(delivery.status()).substr(7);
    for (char& c : word) c = static_cast<char>(std::tolower(c));
    absl::StrAppend(&story, story.empty() ? "" : " ", word, "#", delivery.attempt());
  }
  return story;
}

void WhatsAppWorld::ExpectStory(const std::string& message_id, const std::string& story) {
  Eventually([&] { return Story(message_id) == story; });
  EXPECT_EQ(Story(message_id), story);
}

}  // namespace trama::whatsapp::testing
