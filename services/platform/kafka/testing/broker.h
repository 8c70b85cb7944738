#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/admin.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/record.h"

namespace trama::platform::testing {

// What a call to the broker may take.
inline constexpr absl::Duration kWait = absl::Seconds(30);

// Letters that do not become fewer when they are compressed.
std::string Noise(size_t bytes);

// The real broker that integration tests run on, from the environment (TRAMA_TEST_KAFKA =
// "host:port"). A test fails with a clear text when it is not set: it is never skipped in silence.
//
//   class MyTest : public platform::testing::BrokerTest {};
class BrokerTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Plain text, client id = the name of the test. Warnings and errors go to stderr.
  KafkaConfig config() const;

  // A name that no other test and no other run has, for topics, groups and transactional ids.
  std::string Unique(std::string_view label) const;

  // A new topic with that many partitions, deleted after the test.
  std::string NewTopic(std::string_view label, int32_t partitions,
                       std::map<std::string, std::string> settings = {});

  // Waits until `condition` holds, at most a minute; true if it does.
  static bool Eventually(const std::function<bool()>& condition);

  // For a topic that the test makes by other means.
  void DeleteAfterwards(const std::string& topic) { topics_.push_back(topic); }

  Admin& admin() { return *admin_; }

  // Writes records with these values to one partition and waits.
  void Write(const std::string& topic, int32_t partition, const std::vector<std::string>& values);

  // Everything that read_committed readers see in a partition now.
  std::vector<Record> ReadAll(const std::string& topic, int32_t partition);

 private:
  std::string brokers_;
  std::string run_id_;
  std::unique_ptr<Admin> admin_;
  std::vector<std::string> topics_;
};

// The values of records, tombstones as "<none>".
std::vector<std::string> Values(const std::vector<Record>& records);

}  // namespace trama::platform::testing
