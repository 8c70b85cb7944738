#pragma once

#include <string>
#include <vector>

#include "services/platform/kafka/topics.h"

namespace trama::profile {

// Where profile reads and writes; other names are for tests on a shared broker.
struct ProfileTopics {
  std::string interactions = platform::kInteractions;
  std::vector<std::string> outbound;  // Of every channel, notes among them.
  std::string deliveries = platform::kDeliveries;
  std::string conversations = platform::kConversations;
  std::string sla = platform::kSla;
  std::string profiles = platform::kProfiles;
  int32_t profiles_partitions = 1;
  std::string dead_letters = platform::kDeadLetters;

  std::vector<std::string> Inputs() const {
    std::vector<std::string> inputs = outbound;
    inputs.insert(inputs.end(), {interactions, deliveries, conversations, sla});
    return inputs;
  }
};

}  // namespace trama::profile
