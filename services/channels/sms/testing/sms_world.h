#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/channels/common/delivery_loop.h"
#include "services/channels/common/ingest.h"
#include "services/channels/common/media_fetch.h"
#include "services/channels/common/testing/fake_vendor.h"
#include "services/channels/sms/doors.h"
#include "services/channels/sms/media_fetchers.h"
#include "services/channels/sms/twilio_sender.h"
#include "services/platform/blob/memory_blob_store.h"
#include "services/platform/config/fixed_config.h"
#include "services/platform/http/http_client.h"
#include "services/platform/http/http_server.h"
#include "services/platform/kafka/testing/broker.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/redis/testing/redis_fixture.h"
#include "trama/deadletter/v1/deadletter.pb.h"

namespace trama::sms::testing {

inline constexpr char kToken[] = "auth-token";
inline constexpr char kPublicUrl[] = "https://sms.firm.test";
inline constexpr char kNumber[] = "+14155550199";
inline constexpr char kCustomer[] = "+14155550123";

// Twilio on loopback.
struct FakeVendor : channels::testing::FakeVendor {
  FakeVendor()
      : channels::testing::FakeVendor(
            201, R"({"sid":"SM-sent-{n}","status":"queued","num_segments":"1"})") {}
};

// The parts of the service on a real broker and a real Redis, with a vendor on loopback. Workspace
// "demo" has partition number 1 and the channel account "main".
class SmsWorld : public platform::testing::BrokerTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  void SetAccountState(config::v1::ChannelAccountSpec::State state);
  // How long delivery waits for a status before it tries again; a moment unless told otherwise.
  void WaitForReceipts(const std::string& wait);
  // Another server for the vendor's API than vendor_.
  void UseApi(const std::string& url, const std::string& account_sid = "AC1");
  // Doors that write to other brokers than the test's.
  void ServeDoors(const platform::KafkaConfig& kafka);
  void StartDelivery();
  void StartMediaFetch();

  // The parameters of a text message.
  static Params Message(const std::string& sid, const std::string& body);
  // A POST as the vendor makes it. An empty signature: the right one.
  platform::HttpClientRequest Webhook(const std::string& target, const Params& form,
                                      const std::string& signature = "") const;
  platform::HttpResponse Post(const std::string& target, const Params& form,
                              const std::string& signature = "");
  platform::HttpResponse Get(const std::string& target);

  void WriteOutbound(outbound::v1::OutboundMessage message);
  static outbound::v1::OutboundMessage Outbound(const std::string& id, const std::string& text);

  std::vector<platform::Record> InteractionRecords();
  std::vector<interaction::v1::Interaction> Interactions();
  std::vector<delivery::v1::Delivery> Deliveries();
  std::vector<deadletter::v1::DeadLetter> DeadLetters();
  // Of one message: "attempting#1 sent#1".
  std::string Story(const std::string& message_id);

  std::string api_;
  std::string account_sid_ = "AC1";
  std::string ambiguity_wait_ = "300ms";
  std::string identity_secret_ = "env:IDENTITY";  // Of the workspace; in force at SetAccountState.
  std::string interactions_, deliveries_, dead_letters_, outbound_;
  platform::SystemClock clock_;
  platform::Metrics metrics_;
  platform::Health health_{clock_};
  FakeVendor vendor_;
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
  std::unique_ptr<OptOuts> opt_outs_;
  std::unique_ptr<Doors> doors_;
  std::unique_ptr<TwilioSender> sender_;
  std::unique_ptr<MediaFetchers> fetchers_;
  std::unique_ptr<platform::HttpServer> server_;
  std::unique_ptr<channels::DeliveryLoop> delivery_;
  std::unique_ptr<channels::MediaFetch> media_fetch_;
};

}  // namespace trama::sms::testing
