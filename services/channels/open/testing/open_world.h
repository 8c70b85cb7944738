#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/channels/common/delivery_loop.h"
#include "services/channels/open/callback_sender.h"
#include "services/channels/open/doors.h"
#include "services/channels/open/testing/events.h"
#include "services/channels/open/testing/fake_integrator.h"
#include "services/platform/blob/memory_blob_store.h"
#include "services/platform/config/fixed_config.h"
#include "services/platform/http/http_client.h"
#include "services/platform/http/http_server.h"
#include "services/platform/kafka/testing/broker.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/redis/testing/redis_fixture.h"
#include "trama/deadletter/v1/deadletter.pb.h"

namespace trama::open_channel::testing {

inline constexpr char kPresentSecret[] = "the present secret";
inline constexpr char kNextSecret[] = "the secret to come";
inline constexpr char kDoor[] = "/open/v1/demo/shop/events";

// The parts of the service on a real broker and a real Redis, with an integrator on loopback.
// Workspace "demo" has partition number 1 and the channel account "shop".
class OpenWorld : public platform::testing::BrokerTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Changes the account's resource and applies it.
  void Configure(const std::function<void(config::v1::ChannelAccountSpec&)>& change);
  // Doors that write to other brokers than the test's.
  void ServeDoors(const platform::KafkaConfig& kafka);
  // `private_hosts`: where the integrator may be although it lies inside.
  void StartDelivery(std::vector<std::string> private_hosts = {"127.0.0.1"});

  // A POST as the integrator makes it, now.
  platform::HttpClientRequest Request(const std::string& body,
                                      const std::string& secret = kPresentSecret,
                                      const std::string& target = kDoor) const;
  platform::HttpResponse Ask(const platform::HttpClientRequest& request);
  platform::HttpResponse Post(const std::vector<Json>& events);
  // The "status" of every result; what is no list of results gives its HTTP status.
  std::vector<std::string> Results(const platform::HttpResponse& answer);

  void WriteOutbound(const outbound::v1::OutboundMessage& message);
  static outbound::v1::OutboundMessage Outbound(const std::string& id, const std::string& text);

  std::vector<platform::Record> InteractionRecords();
  std::vector<interaction::v1::Interaction> Interactions();
  std::vector<delivery::v1::Delivery> Deliveries();
  std::vector<deadletter::v1::DeadLetter> DeadLetters();
  // Of one message: "attempting#1 sent#1".
  std::string Story(const std::string& message_id);

  config::v1::ChannelAccountSpec spec_;
  int64_t revision_ = 0;
  std::string interactions_, deliveries_, dead_letters_, outbound_;
  platform::SystemClock clock_;
  const platform::Clock* process_clock_ = &clock_;  // What ServeDoors gives the doors to go by.
  platform::Metrics metrics_;
  platform::Health health_{clock_};
  FakeIntegrator integrator_;
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
  std::unique_ptr<EventIntake> intake_;
  std::unique_ptr<Doors> doors_;
  std::unique_ptr<platform::HttpServer> server_;
  std::unique_ptr<platform::SsrfGuard> guard_;
  std::unique_ptr<platform::HttpClient> calling_;
  std::unique_ptr<CallbackSender> sender_;
  std::unique_ptr<channels::DeliveryLoop> delivery_;
};

}  // namespace trama::open_channel::testing
