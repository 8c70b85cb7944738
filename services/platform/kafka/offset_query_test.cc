#include "services/platform/kafka/offset_query.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/handles.h"

// Questions to brokers of librdkafka's own, which change their leaders when they are told to.
namespace trama::platform {
namespace {

using ::testing::SizeIs;

constexpr char kTopic[] = "topic";
constexpr absl::Duration kAskMax = absl::Seconds(5);
constexpr int kAttempts = 10;

using Cluster = std::unique_ptr<rd_kafka_mock_cluster_t,
                                kafka_internal::Destroyer<rd_kafka_mock_cluster_destroy>>;

class OffsetQueryTest : public ::testing::Test {
 protected:
  OffsetQueryTest()
      : handle_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)),
        cluster_(rd_kafka_mock_cluster_new(handle_.get(), 2)) {
    EXPECT_EQ(rd_kafka_mock_topic_create(cluster_.get(), kTopic, 1, 2), RD_KAFKA_RESP_ERR_NO_ERROR);
    LetLead(1);
  }

  void LetLead(int broker) {
    EXPECT_EQ(rd_kafka_mock_partition_set_leader(cluster_.get(), kTopic, 0, broker),
              RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  std::unique_ptr<OffsetQuery> Query() {
    KafkaConfig config;
    config.client_id = "test";
    config.brokers = rd_kafka_mock_cluster_bootstraps(cluster_.get());
    auto query = OffsetQuery::Create(config);
    EXPECT_TRUE(query.ok()) << query.status();
    return *std::move(query);
  }

  kafka_internal::ClientHandle handle_;
  Cluster cluster_;
};

TEST_F(OffsetQueryTest, ANewLeaderIsFound) {
  const auto query = Query();
  const auto first = query->Ends({{kTopic, 0}}, kAskMax);
  ASSERT_TRUE(first.ok()) << first.status();

  LetLead(2);
  auto again = query->Ends({{kTopic, 0}}, kAskMax);
  for (int i = 1; i < kAttempts && !again.ok(); ++i) again = query->Ends({{kTopic, 0}}, kAskMax);

  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(*again, SizeIs(1));
}

}  // namespace
}  // namespace trama::platform
