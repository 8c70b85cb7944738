#pragma once

#include <string>

#include "absl/status/status.h"

// What Kafka allows at best, by librdkafka alone: the peers of our own figures. Each prints one
// JSON object on stdout.
namespace trama::bench {

// A topic for the others to write to; one that is there already is fine.
absl::Status MakeTopic(const std::string& brokers, const std::string& topic, int partitions);

// One record at a time, each acknowledged by all replicas before the next: latency.
absl::Status MeasureAck(const std::string& brokers, const std::string& topic, int records);
// Transactions of ten records: latency of the commit.
absl::Status MeasureCommit(const std::string& brokers, const std::string& topic, int commits);
// As fast as it goes, records of `bytes`, for a while: records a second.
absl::Status MeasureThroughput(const std::string& brokers, const std::string& topic, int bytes,
                               double seconds, bool idempotent);
// How many partitions a topic has and how many offsets are in use, those of markers too.
absl::Status CountOffsets(const std::string& brokers, const std::string& topic);
// Every committed record of a topic's partitions, to the end that they have now.
absl::Status MeasureRead(const std::string& brokers, const std::string& topic);

}  // namespace trama::bench
