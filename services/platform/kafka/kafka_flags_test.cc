#include "services/platform/kafka/kafka_flags.h"

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trama::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class KafkaFlagsTest : public ::testing::Test {
 protected:
  KafkaFlagsTest() { absl::SetFlag(&FLAGS_kafka_brokers, "kafka-0:9092,kafka-1:9092"); }

  static std::vector<std::string> Check() {
    Mistakes mistakes;
    CheckKafkaFlags(mistakes);
    return mistakes.lines();
  }

  absl::FlagSaver saver_;
};

TEST_F(KafkaFlagsTest, PlainTextNeedsOnlyBrokers) {
  EXPECT_THAT(Check(), IsEmpty());
  const absl::StatusOr<KafkaConfig> config = KafkaConfigFromFlags("routing-0");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->brokers, "kafka-0:9092,kafka-1:9092");
  EXPECT_EQ(config->client_id, "routing-0");
}

TEST_F(KafkaFlagsTest, NamesBrokersWithoutAPort) {
  absl::SetFlag(&FLAGS_kafka_brokers, "kafka");
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("--kafka_brokers")));
}

TEST_F(KafkaFlagsTest, NamesAllMistakesOfSaslAtOnce) {
  absl::SetFlag(&FLAGS_kafka_security_protocol, "sasl_ssl");
  EXPECT_THAT(Check(),
              ElementsAre(HasSubstr("--kafka_sasl_mechanism"), HasSubstr("--kafka_sasl_username"),
                          HasSubstr("--kafka_sasl_password")));
}

TEST_F(KafkaFlagsTest, ReadsThePasswordFromItsPlace) {
  ASSERT_EQ(setenv("TRAMA_TEST_PASSWORD", "secret", 1), 0);
  absl::SetFlag(&FLAGS_kafka_security_protocol, "sasl_ssl");
  absl::SetFlag(&FLAGS_kafka_sasl_mechanism, "SCRAM-SHA-512");
  absl::SetFlag(&FLAGS_kafka_sasl_username, "routing");
  absl::SetFlag(&FLAGS_kafka_sasl_password, "env:TRAMA_TEST_PASSWORD");
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(KafkaConfigFromFlags("x")->sasl_password, "secret");
}

TEST_F(KafkaFlagsTest, RefusesAPasswordThatIsWrittenOut) {
  absl::SetFlag(&FLAGS_kafka_sasl_password, "secret");
  EXPECT_FALSE(KafkaConfigFromFlags("x").ok());
}

TEST_F(KafkaFlagsTest, ACertificateNeedsItsKey) {
  absl::SetFlag(&FLAGS_kafka_cert_file, "cert.pem");
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("--kafka_key_file")));
}

TEST_F(KafkaFlagsTest, NamesAnUnknownClusterSize) {
  absl::SetFlag(&FLAGS_topics_cluster, "huge");
  EXPECT_THAT(Check(), ElementsAre(HasSubstr("huge")));
}

}  // namespace
}  // namespace trama::platform
