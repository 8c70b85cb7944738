#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/channels/common/delivery_loop.h"
#include "services/channels/common/ingest.h"
#include "services/channels/common/media_fetch.h"
#include "services/channels/common/testing/fake_vendor.h"
#include "services/channels/whatsapp/doors.h"
#include "services/channels/whatsapp/graph_sender.h"
#include "services/channels/whatsapp/media_source.h"
#include "services/platform/blob/memory_blob_store.h"
#include "services/platform/config/fixed_config.h"
#include "services/platform/http/http_client.h"
#include "services/platform/http/http_server.h"
#include "services/platform/kafka/testing/broker.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/redis/testing/redis_fixture.h"
#include "trama/deadletter/v1/deadletter.pb.h"

namespace trama::whatsapp::testing {

inline constexpr char kAppSecret[] = "app-secret";
inline constexpr char kNextAppSecret[] = "next-app-secret";
inline constexpr char kVerifyToken[] = "verify-token";
inline constexpr char kAccessToken[] = "access-token";

// The secrets of the world's accounts, and its configuration with the vendor's API at `api`.
absl::StatusOr<std::string> SecretOfWorld(std::string_view reference);
platform::ConfigPtr ConfigurationOfWorld(
    const std::string& api,
    config::v1::ChannelAccountSpec::State main = config::v1::ChannelAccountSpec::ON,
    config::v1::ChannelAccountSpec::State second = config::v1::ChannelAccountSpec::ON);

// The Graph API on loopback.
struct FakeGraph : channels::testing::FakeVendor {
  FakeGraph()
      : channels::testing::FakeVendor(200,
                                      R"({"messaging_product":"whatsapp","messages":)"
                                      R"([{"id":"wamid.sent-{n}","message_status":"accepted"}]})") {
  }
};

// The parts of the service on a real broker and a real Redis, with a vendor on loopback. Workspace
// "demo" has partition number 1 and two channel accounts of one app: "main" (number 900001) and
// "second" (number 900002). Account "other" (900003) is another app's.
class WhatsAppWorld : public platform::testing::BrokerTest {
 protected:
  using State = config::v1::ChannelAccountSpec::State;

  void SetUp() override;
  void TearDown() override;

  // Of "main" and "second".
  void SetAccountStates(State main, State second);
  // Another server for the vendor's API than vendor_.
  void UseApi(const std::string& url);
  // Doors that write to other brokers than the test's.
  void ServeDoors(const platform::KafkaConfig& kafka);
  void StartDelivery();
  void StartMediaFetch();

  // A POST as the vendor makes it. An empty signature: the right one.
  platform::HttpClientRequest Webhook(const std::string& target, const std::string& body,
                                      const std::string& signature = "") const;
  platform::HttpResponse Post(const std::string& body, const std::string& signature = "",
                              const std::string& target = "/whatsapp/demo/main");
  platform::HttpResponse Get(const std::string& target);

  void WriteOutbound(outbound::v1::OutboundMessage message);
  static outbound::v1::OutboundMessage Outbound(const std::string& id, const std::string& text);

  std::vector<interaction::v1::Interaction> Interactions();
  std::vector<delivery::v1::Delivery> Deliveries();
  std::vector<deadletter::v1::DeadLetter> DeadLetters();
  // Of one message: "attempting#1 sent#1".
  std::string Story(const std::string& message_id);
  void ExpectStory(const std::string& message_id, const std::string& story);

  std::string api_;
  State main_state_ = config::v1::ChannelAccountSpec::ON;
  State second_state_ = config::v1::ChannelAccountSpec::ON;
  std::string interactions_, deliveries_, dead_letters_, outbound_;
  platform::SystemClock clock_;
  platform::Metrics metrics_;
  platform::Health health_{clock_};
  FakeGraph vendor_;
  platform::IoThreads io_{2};
  platform::WorkerPool workers_{"test", 2, 1000};
  platform::MemoryBlobStore blobs_;
  platform::FixedConfig config_source_;
  std::unique_ptr<platform::RedisProcess> redis_process_;
  std::unique_ptr<platform::RedisClient> redis_;
  std::unique_ptr<platform::HttpClient> http_;
  std::unique_ptr<channels::AccountDirectory> accounts_;
  std::unique_ptr<platform::Producer> producer_;
  std::unique_ptr<channels::Publisher> publisher_;
  std::unique_ptr<channels::SeenMemory> seen_;
  std::unique_ptr<channels::RawArchive> archive_;
  std::unique_ptr<channels::Ingest> ingest_;
  std::unique_ptr<channels::WebhookHost> host_;
  std::unique_ptr<Doors> doors_;
  std::unique_ptr<GraphSender> sender_;
  std::unique_ptr<WhatsAppMedia> media_;
  std::unique_ptr<platform::HttpServer> server_;
  std::unique_ptr<channels::DeliveryLoop> delivery_;
  std::unique_ptr<channels::MediaFetch> media_fetch_;
};

}  // namespace trama::whatsapp::testing
