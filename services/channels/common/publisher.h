#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/channels/common/round.h"
#include "services/channels/common/seen_memory.h"
#include "services/channels/common/timed_waits.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/metrics.h"
#include "services/platform/kafka/producer.h"
#include "services/platform/kafka/topics.h"
#include "services/platform/net/awaitable.h"
#include "trama/delivery/v1/delivery_events.pb.h"
#include "trama/interaction/v1/interaction_events.pb.h"

namespace trama::channels {

// A vendor's word about one of our messages.
struct Receipt {
  int32_t partition = 0;  // The number that the outbound message carried.
  delivery::v1::Delivery delivery;
};

// Input that was proved genuine and cannot be read.
struct Unreadable {
  std::string door;  // "webhook:sms:demo/support"
  std::string id;    // Equal for a redelivery.
  std::string workspace;
  std::string content_type;
  std::string body;    // Whole.
  std::string reason;  // For a person; quotes no personal data.
  std::string traceparent;
};

struct PublisherOptions {
  std::string channel;  // "sms"
  // Waits so long for Kafka's acknowledgement; a door has 2.5 s in all.
  absl::Duration wait_max = absl::Seconds(2);
  std::string interactions_topic = platform::kInteractions;
  std::string deliveries_topic = platform::kDeliveries;
  std::string dead_letter_topic = platform::kDeadLetters;
};

// What came of something that was to be written unless it had been seen.
struct Published {
  absl::Status status;
  bool seen = false;  // Nothing was written.
};

// Writes what the channels take in and waits until Kafka has acknowledged it (acks=all,
// idempotent).
//
// UNAVAILABLE: Kafka did not acknowledge in time, the vendor must come again. The records may
// appear nevertheless: ids are derived, readers drop repeats. INVALID_ARGUMENT: it can never be
// written (a record too large). Receipts must go to the number of their workspace: one that the
// cluster does not have is UNAVAILABLE for ever, and holds up what comes with it.
//
// Threads: safe from any. What it is given must outlive every call.
class Publisher {
 public:
  Publisher(platform::Producer& producer, const platform::Clock& clock, platform::Metrics& metrics,
            PublisherOptions options);

  // All or an error; none is no error.
  platform::Awaitable<absl::Status> Publish(std::vector<interaction::v1::Interaction> interactions,
                                            std::vector<Receipt> receipts, std::string traceparent);
  // The same, unless `keys` (of `seen`; none: it is new) were all seen before. Those of many
  // requests are looked up together, on the way to Kafka, so that each request waits once.
  platform::Awaitable<Published> PublishNew(SeenMemory& seen, std::vector<std::string> keys,
                                            std::vector<interaction::v1::Interaction> interactions,
                                            std::vector<Receipt> receipts, std::string traceparent);
  platform::Awaitable<absl::Status> DeadLetter(std::vector<Unreadable> unreadable);

 private:
  using Done = std::function<void(Published)>;
  // On its way to Kafka.
  struct Outgoing {
    SeenMemory* seen = nullptr;  // Null: nothing has to be looked up.
    std::vector<std::string> keys;
    std::vector<interaction::v1::Interaction> interactions;
    std::vector<Receipt> receipts;
    std::string traceparent;
    std::vector<platform::Record> records;  // Made of them.
    Done done;
  };

  platform::Awaitable<Published> Write(Outgoing outgoing);
  // What leaves together, in this order.
  void Leave(std::vector<Outgoing> all);
  absl::Status MakeRecords(Outgoing& outgoing) const;
  void Produce(Outgoing outgoing);
  // What became of so many records.
  void Note(const std::string& topic, size_t records, const absl::Status& produced);

  platform::Producer& producer_;
  const platform::Clock& clock_;
  const PublisherOptions options_;
  const std::string source_;  // "/trama/sms"
  Round<Outgoing> round_;
  TimedWaits<Published> acknowledgements_;
  platform::CounterFamily& records_;
  prometheus::Counter& interactions_written_;  // Of them; kept, because most are.
  prometheus::Histogram& seconds_;
};

}  // namespace trama::channels
