#include "services/channels/open/testing/open_world.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/open/signature.h"

namespace trama::open_channel::testing {

namespace {

constexpr absl::Duration kWait = absl::Seconds(30);

absl::StatusOr<std::string> Secret(std::string_view reference) {
  if (reference == "env:PRESENT") return std::string(kPresentSecret);
  if (reference == "env:NEXT") return std::string(kNextSecret);
  if (reference == "env:SHORT") return std::string("short");
  if (reference == "env:IDENTITY") return std::string("0123456789abcdef");
  return absl::NotFoundError("no such secret");
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

void OpenWorld::SetUp() {
  BrokerTest::SetUp();
  if (HasFatalFailure()) return;
  interactions_ = NewTopic("interactions", 1);
  deliveries_ = NewTopic("deliveries", 2);
  dead_letters_ = NewTopic("deadletter", 1);
  outbound_ = NewTopic("outbound", 2);
  spec_.set_channel("open");
  spec_.set_state(config::v1::ChannelAccountSpec::ON);
  spec_.mutable_open()->add_secrets("env:PRESENT");
  Configure([this](config::v1::ChannelAccountSpec& spec) {
    spec.mutable_open()->set_callback_url(integrator_.url() + "/trama");
    spec.mutable_open()->set_public_base_url("https://trama.firm.test");
  });

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

  accounts_ = std::make_unique<channels::AccountDirectory>("open", config_source_, clock_, Secret);
  archive_ = std::make_unique<channels::RawArchive>(blobs_, workers_, *accounts_, clock_, metrics_);
  seen_ = std::make_unique<channels::SeenMemory>(redis_.get(), "open", metrics_);
  ServeDoors(config());
}

void OpenWorld::TearDown() {
  delivery_.reset();
  if (server_ != nullptr) server_->Drain(absl::Seconds(5));
  io_.Stop();
  BrokerTest::TearDown();
}

void OpenWorld::Configure(const std::function<void(config::v1::ChannelAccountSpec&)>& change) {
  change(spec_);
  config::v1::Snapshot snapshot;
  snapshot.set_revision(++revision_);
  config::v1::Resource& account = *snapshot.add_resources();
  account.set_kind("ChannelAccount");
  account.mutable_metadata()->set_name("shop");
  account.mutable_metadata()->set_workspace("demo");
  account.mutable_metadata()->set_revision(revision_);
  *account.mutable_channel_account() = spec_;
  config::v1::Resource& workspace = *snapshot.add_resources();
  workspace.set_kind("Workspace");
  workspace.mutable_metadata()->set_name("demo");
  workspace.mutable_workspace()->set_partition(1);
  workspace.mutable_workspace()->set_default_region("US");
  workspace.mutable_workspace()->set_identity_secret("env:IDENTITY");
  config_source_.Set(std::make_shared<platform::ConfigView>(
      std::make_shared<config::v1::Snapshot>(std::move(snapshot))));
}

void OpenWorld::ServeDoors(const platform::KafkaConfig& kafka) {
  if (server_ != nullptr) server_->Drain(absl::Seconds(5));
  auto producer = platform::Producer::Create(kafka);
  ASSERT_TRUE(producer.ok()) << producer.status();
  producer_ = *std::move(producer);
  channels::PublisherOptions publishing;
  publishing.channel = "open";
  publishing.interactions_topic = interactions_;
  publishing.deliveries_topic = deliveries_;
  publishing.dead_letter_topic = dead_letters_;
  publisher_ = std::make_unique<channels::Publisher>(*producer_, clock_, metrics_, publishing);
  intake_ = std::make_unique<EventIntake>(*publisher_, *seen_, *archive_);
  doors_ = std::make_unique<Doors>(*accounts_, *intake_, *archive_,
                                   Doors::Clocks{*process_clock_, clock_}, metrics_);
  platform::HttpRouter router;
  doors_->AddTo(router);
  auto server = platform::HttpServer::Start(io_.context(), {}, std::move(router));
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
}

void OpenWorld::StartDelivery(std::vector<std::string> private_hosts) {
  guard_ = std::make_unique<platform::SsrfGuard>(
      platform::SsrfGuardOptions{.trusted_hosts = std::move(private_hosts), .https_only = true});
  auto calling = platform::HttpClient::Create(io_.context(), {.address_policy = guard_->Policy()});
  ASSERT_TRUE(calling.ok()) << calling.status();
  calling_ = *std::move(calling);
  sender_ = std::make_unique<CallbackSender>(*accounts_, *calling_, *guard_, clock_);
  channels::DeliveryLoopOptions options;
  options.rules.channel = "open";
  options.rules.vendor_drops_repeats = true;
  options.rules.backoff_base = absl::Milliseconds(50);
  options.outbound_topic = outbound_;
  options.deliveries_topic = deliveries_;
  options.dead_letter_topic = dead_letters_;
  options.group = Unique("delivery");
  auto loop = channels::DeliveryLoop::Start(
      config(), options, *sender_, [this] { return accounts_->ForDelivery(); }, io_.context(),
      clock_, metrics_, health_);
  ASSERT_TRUE(loop.ok()) << loop.status();
  delivery_ = *std::move(loop);
}

platform::HttpClientRequest OpenWorld::Request(const std::string& body, const std::string& secret,
                                               const std::string& target) const {
  platform::HttpClientRequest request;
  request.method = "POST";
  request.url = *platform::ParseUrl(absl::StrCat("http://127.0.0.1:", server_->port(), target));
  request.body = body;
  request.headers.Set("Content-Type", "application/json");
  request.headers.Set("traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01");
  for (const auto& [name, value] : SignRequest("r1", body, {secret}, absl::Now())) {
    request.headers.Set(name, value);
  }
  return request;
}

platform::HttpResponse OpenWorld::Ask(const platform::HttpClientRequest& request) {
  const platform::HttpOutcome outcome = http_->SendBlocking(request);
  EXPECT_EQ(outcome.kind, platform::HttpOutcomeKind::kResponse) << outcome.error;
  return outcome.response;
}

platform::HttpResponse OpenWorld::Post(const std::vector<Json>& events) {
  return Ask(Request(Batch(events)));
}

std::vector<std::string> OpenWorld::Results(const platform::HttpResponse& answer) {
  if (answer.status != 202) return {std::to_string(answer.status)};
  const Json body = Json::parse(answer.body);
  std::vector<std::string> results;
  for (const Json& result : body.at("results")) {
    results.push_back(result["status"].get<std::string>());
  }
  return results;
}

outbound::v1::OutboundMessage OpenWorld::Outbound(const std::string& id, const std::string& text) {
  outbound::v1::OutboundMessage message;
  message.set_message_id(id);
  message.set_workspace("demo");
  message.set_partition(1);
  message.set_conversation_id("conv-" + id);
  message.set_channel("open");
  message.set_channel_account("shop");
  message.mutable_recipient()->set_kind(types::v1::IDENTIFIER_KIND_CHANNEL);
  message.mutable_recipient()->set_scope("open/shop");
  message.mutable_recipient()->set_value("u1");
  message.set_recipient_address("u1");
  message.add_parts()->mutable_text()->set_body(text);
  channels::SetProto(absl::Now(), message.mutable_created_at());
  return message;
}

void OpenWorld::WriteOutbound(const outbound::v1::OutboundMessage& message) {
  platform::Record record;
  record.topic = outbound_;
  record.partition = 1;
  record.key = message.conversation_id();
  record.value = message.SerializeAsString();
  const absl::Status written = producer_->ProduceAll({record}, kWait);
  ASSERT_TRUE(written.ok()) << written;
}

std::vector<platform::Record> OpenWorld::InteractionRecords() { return ReadAll(interactions_, 0); }

std::vector<interaction::v1::Interaction> OpenWorld::Interactions() {
  return Parse<interaction::v1::Interaction>(InteractionRecords());
}

std::vector<delivery::v1::Delivery> OpenWorld::Deliveries() {
  return Parse<delivery::v1::Delivery>(ReadAll(deliveries_, 1));
}

std::vector<deadletter::v1::DeadLetter> OpenWorld::DeadLetters() {
  return Parse<deadletter::v1::DeadLetter>(ReadAll(dead_letters_, 0));
}

std::string OpenWorld::Story(const std::string& message_id) {
  std::string story;
  for (const delivery::v1::Delivery& delivery : Deliveries()) {
    if (delivery.message_id() != message_id) continue;
    std::string word = delivery::v1::Status_Name(delivery.status()).substr(7);
    for (char& c : word) c = static_cast<char>(std::tolower(c));
    absl::StrAppend(&story, story.empty() ? "" : " ", word, "#", delivery.attempt());
  }
  return story;
}

}  // namespace trama::open_channel::testing
