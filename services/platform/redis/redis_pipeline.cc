#include "services/platform/redis/redis_pipeline.h"

#include <algorithm>
#include <utility>

#include "services/kernel/check.h"

namespace trama::platform {

void RedisPipeline::Push(Command command) {
  next_deadline_ = std::min(next_deadline_, command.deadline);
  commands_.push_back(std::move(command));
}

RedisPipeline::Command RedisPipeline::Pop() {
  TRAMA_CHECK(!commands_.empty());
  Command oldest = std::move(commands_.front());
  commands_.pop_front();
  if (commands_.empty()) next_deadline_ = TimePoint::max();
  return oldest;
}

std::vector<RedisPipeline::Callback> RedisPipeline::Expire(TimePoint now) {
  std::vector<Callback> expired;
  if (now < next_deadline_) return expired;
  next_deadline_ = TimePoint::max();
  for (Command& command : commands_) {
    if (!command.callback) continue;
    if (command.deadline <= now) {
      expired.push_back(std::exchange(command.callback, nullptr));
    } else {
      next_deadline_ = std::min(next_deadline_, command.deadline);
    }
  }
  return expired;
}

}  // namespace trama::platform
