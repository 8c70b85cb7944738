#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/platform/base/metrics.h"
#include "services/platform/kafka/producer.h"
#include "services/profile/owner.h"
#include "services/profile/row_set.h"
#include "services/profile/row_store.h"

namespace trama::profile {

// Changes rows: in Redis first, then on topic `profiles`. When Write returns OK, Redis and the
// topic's last record of each row agree, whatever others did meanwhile. When it fails, anything may
// be half done; the same Write again completes it.
//
// How: read → fold → put if unchanged → append → is Redis still at the version that was appended?
// If not, once more from the beginning. Whoever appends a row last has seen that it is the newest,
// so compaction never keeps an old one; and a row that was lost with Redis in between, after it had
// been restored up to an earlier record, is put again.
//
// Thread-safe. Blocks.
class RowWriter {
 public:
  // Called once per attempt with all rows of `keys` loaded; must give the same for the same rows.
  // An error ends the write before anything is changed.
  using Fold = std::function<absl::Status(RowSet&)>;

  RowWriter(RowStore& store, platform::Producer& producer, std::string topic,
            platform::Metrics& metrics);

  // `told` is made known once the rows are in Redis. Errors: those of `fold`, Redis and Kafka;
  // ABORTED when others changed the same rows over and over.
  absl::Status Write(const std::vector<RowKey>& keys, const Fold& fold, const Owners& told = {});

  static constexpr int kAttemptsMax = 20;
  static constexpr absl::Duration kProduceTimeout = absl::Seconds(10);

 private:
  enum class Outcome { kDone, kOnceMore };
  absl::StatusOr<Outcome> Attempt(const std::vector<RowKey>& keys, const Fold& fold,
                                  const Owners& told);
  // Is Redis still at what was put and appended?
  absl::StatusOr<bool> Stands(const std::vector<RowSet::Change>& rows,
                              const RowStore::Receipt& put);
  absl::Status Append(const std::vector<RowSet::Change>& rows);

  RowStore& store_;
  platform::Producer& producer_;
  const std::string topic_;
  platform::CounterFamily& written_;
  platform::CounterFamily& repeated_;
};

}  // namespace trama::profile
