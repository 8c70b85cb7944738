#include "services/channels/common/seen_memory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"
#include "services/platform/redis/redis_key.h"

namespace trama::channels {

namespace {

platform::CounterFamily& Checks(platform::Metrics& metrics) {
  return metrics.Counter("trama_ingest_seen_total",
                         "Events looked up in the memory of events: new, seen, or skipped "
                         "because Redis did not answer.",
                         {"channel", "answer"});
}

}  // namespace

SeenMemory::SeenMemory(platform::RedisClient* redis, std::string channel,
                       platform::Metrics& metrics)
    : redis_(redis),
      channel_(std::move(channel)),
      new_(Checks(metrics).With({channel_, "new"})),
      seen_(Checks(metrics).With({channel_, "seen"})),
      skipped_(Checks(metrics).With({channel_, "skipped"})) {}

std::vector<std::string> SeenMemory::KeysOf(std::string_view workspace, std::string_view account,
                                            const std::vector<std::string>& event_ids) const {
  std::vector<std::string> keys;
  for (const std::string& id : event_ids) {
    keys.push_back(platform::RedisKey(absl::StrCat("seen:", channel_, ":", ToAbsl(workspace), "/",
                                                   ToAbsl(account), ":", HexSha256(id))));
  }
  return keys;
}

platform::Awaitable<bool> SeenMemory::AllSeen(std::vector<std::string> keys) {
  if (keys.empty()) co_return false;
  const std::vector<bool> seen = co_await SeenEach(std::move(keys));
  co_return std::all_of(seen.begin(), seen.end(), [](bool each) { return each; });
}

platform::Awaitable<std::vector<bool>> SeenMemory::SeenEach(std::vector<std::string> keys) {
  std::vector<bool> seen(keys.size(), false);
  if (redis_ == nullptr || keys.empty()) co_return seen;
  std::vector<platform::RedisCommand> commands(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    commands[i].reserve(2);
    commands[i].emplace_back("EXISTS");
    commands[i].push_back(std::move(keys[i]));
  }
  const std::vector<absl::StatusOr<platform::RedisReply>> replies =
      co_await redis_->CallBatch(std::move(commands), kWaitMax);
  const bool answered =
      std::all_of(replies.begin(), replies.end(), [](const auto& reply) { return reply.ok(); });
  for (size_t i = 0; i < seen.size(); ++i) {
    seen[i] = answered && replies[i]->integer == 1;
    prometheus::Counter& counted = !answered ? skipped_ : seen[i] ? seen_ : new_;
    counted.Increment();
  }
  co_return seen;
}

void SeenMemory::Mark(std::vector<std::string> keys) {
  if (redis_ == nullptr || keys.empty()) return;
  const std::string seconds = std::to_string(absl::ToInt64Seconds(kKept));
  std::vector<platform::RedisCommand> commands(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    commands[i] = {"SET", "", "1", "EX", seconds};
    commands[i][1] = std::move(keys[i]);
  }
  // What is not marked costs one more record at the next redelivery.
  redis_->SendSoon(commands, kWaitMax);
}

}  // namespace trama::channels
