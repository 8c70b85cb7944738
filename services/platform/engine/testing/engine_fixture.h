#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/health.h"
#include "services/platform/base/metrics.h"
#include "services/platform/config/fixed_config.h"
#include "services/platform/engine/engine_host.h"
#include "services/platform/kafka/testing/broker.h"

namespace trama::platform::testing {

// The names of what one engine of a test works with; as text, for another process.
struct EngineNames {
  std::string brokers;
  std::string service;
  std::string in, more;  // Inputs.
  std::string out, changelog, owners, dead;

  std::string ToText() const;
  static EngineNames FromText(const std::string& text);
};

// One replica: a host with Ledger machines and all that it needs, in memory but for Kafka.
class Replica {
 public:
  explicit Replica(const EngineNames& names, const std::string& address = "here:1",
                   std::function<void(EngineSpec&)> change = nullptr);
  ~Replica();

  EngineHost& host() { return *host_; }
  Health& health() { return health_; }
  Metrics& metrics() { return metrics_; }
  FixedConfig& config() { return config_; }
  Clock& clock() { return clock_; }

  void Start();
  // Everything that is ours is caught up.
  bool WaitReady(absl::Duration timeout = absl::Seconds(60));
  // The same, and committed.
  bool WaitCommitted(int32_t partition = 0);

  // One attempt.
  absl::StatusOr<std::string> CallOnce(int32_t partition, const std::string& text,
                                       absl::Duration timeout = absl::Seconds(30));
  // As a client does it: again and again while the answer is UNAVAILABLE.
  absl::StatusOr<std::string> Call(int32_t partition, const std::string& text);

  // What came out, in order: pushes as their text, calls as "reply <answer>".
  std::vector<std::string> heard() const;
  // Questions that the machines asked.
  std::vector<std::pair<int64_t, Question>> asked() const;

 private:
  void Hear(std::string what);

  const std::string address_;
  SystemClock clock_;
  Metrics metrics_;
  Health health_{clock_};
  FixedConfig config_;
  mutable std::mutex mutex_;
  std::vector<std::string> heard_;
  std::vector<std::pair<int64_t, Question>> asked_;
  std::unique_ptr<EngineHost> host_;
};

KafkaConfig KafkaOf(const EngineNames& names);
EngineSpec LedgerSpec(const EngineNames& names);

class EngineTest : public BrokerTest {
 protected:
  // Topics for one engine, deleted after the test.
  EngineNames NewEngine(int32_t partitions = 1);

  // One word per record, as events.
  void WriteWords(const std::string& topic, int32_t partition,
                  const std::vector<std::string>& words);
  // What the machine of a partition has written: "<word>=<count>".
  std::vector<std::string> Out(const EngineNames& names, int32_t partition = 0);
  // The count of each word by what stands in the output.
  std::map<std::string, int64_t> Totals(const EngineNames& names, int32_t partition = 0);

 private:
  int64_t written_ = 0;
};

}  // namespace trama::platform::testing
