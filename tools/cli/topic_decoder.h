#pragma once

#include <string>

#include "services/platform/kafka/record.h"
#include "services/platform/kafka/topics.h"
#include "tools/cli/json.h"

namespace trama::tramactl {

// The record as JSON: its place, time, key, CloudEvents attributes, other headers, and its value by
// the message type that the topic's declaration names. What cannot be decoded is given as base64,
// with the reason.
Json RecordJson(const platform::Record& record, const platform::TopicsFile& topics);

// The value alone, by a topic's message type; null for a tombstone.
Json ValueJson(const std::string& topic, const platform::Record& record,
               const platform::TopicsFile& topics);

}  // namespace trama::tramactl
