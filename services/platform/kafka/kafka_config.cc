#include "services/platform/kafka/kafka_config.h"

#include <cstdio>
#include <string>

#include "nlohmann/json.hpp"

namespace trama::platform {

void LogKafkaToStderr(const KafkaLogLine& line) {
  constexpr int kWarning = 4;
  if (line.severity > kWarning) return;
  const nlohmann::json json = {{"level", line.severity < kWarning ? "error" : "warning"},
                               {"event", "kafka"},
                               {"client", std::string(line.client)},
                               {"facility", std::string(line.facility)},
                               {"message", std::string(line.message)}};
  // One call, so that lines of several threads do not mix.
  const std::string text =
      json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace trama::platform
