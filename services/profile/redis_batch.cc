#include "services/profile/redis_batch.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace trama::profile {

using platform::RedisReply;

struct RedisBatch::State {
  std::mutex mutex;
  std::condition_variable answered;
  std::vector<absl::StatusOr<RedisReply>> replies;
  size_t under_way = 0;
  size_t bytes_under_way = 0;
};

namespace {

size_t BytesOf(const std::vector<std::string>& parts) {
  size_t bytes = 0;
  for (const std::string& part : parts) bytes += part.size();
  return bytes;
}

}  // namespace

RedisBatch::RedisBatch(platform::RedisClient& redis, absl::Duration timeout)
    : redis_(redis), timeout_(timeout), state_(std::make_shared<State>()) {}

platform::RedisCallback RedisBatch::Begin(size_t bytes) {
  std::unique_lock lock(state_->mutex);
  state_->answered.wait(lock, [&] {
    return state_->under_way == 0 || (state_->under_way < kUnderWayMax &&
                                      state_->bytes_under_way + bytes <= kUnderWayBytesMax);
  });
  ++state_->under_way;
  state_->bytes_under_way += bytes;
  const size_t index = state_->replies.size();
  state_->replies.emplace_back(absl::UnknownError("no answer yet"));
  return [state = state_, index, bytes](absl::StatusOr<RedisReply> reply) {
    const std::lock_guard answer_lock(state->mutex);
    state->replies[index] = std::move(reply);
    --state->under_way;
    state->bytes_under_way -= bytes;
    state->answered.notify_all();
  };
}

void RedisBatch::AddScript(const platform::RedisScript& script, std::vector<std::string> keys,
                           std::vector<std::string> args) {
  platform::RedisCallback done = Begin(BytesOf(keys) + BytesOf(args));
  redis_.SendScript(script, std::move(keys), std::move(args), std::move(done), timeout_);
}

void RedisBatch::AddCommand(platform::RedisCommand command) {
  platform::RedisCallback done = Begin(BytesOf(command));
  redis_.Send(std::move(command), std::move(done), timeout_);
}

std::vector<absl::StatusOr<RedisReply>> RedisBatch::Finish() {
  std::unique_lock lock(state_->mutex);
  state_->answered.wait(lock, [&] { return state_->under_way == 0; });
  return std::exchange(state_->replies, {});
}

}  // namespace trama::profile
