#include "services/platform/redis/redis_pipeline.h"

#include "services/kernel/check.h"

namespace trama::platform {

void RedisPipeline::Push(Command command) {
  deadlines_.emplace(command.deadline, first_number_ + commands_.size());
  commands_.push_back(std::move(command));
}

RedisPipeline::Command RedisPipeline::Pop() {
  TRAMA_CHECK(!commands_.empty());
  Command oldest = std::move(commands_.front());
  commands_.pop_front();
  deadlines_.erase({oldest.deadline, first_number_});
  ++first_number_;
  return oldest;
}

std::vector<RedisPipeline::Callback> RedisPipeline::Expire(TimePoint now) {
  std::vector<Callback> expired;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const uint64_t number = deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    Command& command = commands_[number - first_number_];
    expired.push_back(std::exchange(command.callback, nullptr));
  }
  return expired;
}

RedisPipeline::TimePoint RedisPipeline::next_deadline() const {
  return deadlines_.empty() ? TimePoint::max() : deadlines_.begin()->first;
}

}  // namespace trama::platform
