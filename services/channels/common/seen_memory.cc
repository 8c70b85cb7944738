#include "services/channels/common/seen_memory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"
#include "services/platform/redis/redis_key.h"

namespace trama::channels {

SeenMemory::SeenMemory(platform::RedisClient* redis, std::string channel,
                       platform::Metrics& metrics)
    : redis_(redis),
      channel_(std::move(channel)),
      checks_(metrics.Counter("trama_ingest_seen_total",
                              "Events looked up in the memory of events: new, seen, or skipped "
                              "because Redis did not answer.",
                              {"channel", "answer"})) {}

std::string SeenMemory::KeyOf(std::string_view workspace, std::string_view account,
                              std::string_view event_id) const {
  return platform::RedisKey(absl::StrCat("seen:", channel_, ":", ToAbsl(workspace), "/",
                                         ToAbsl(account), ":", HexSha256(event_id)));
}

platform::Awaitable<bool> SeenMemory::AllSeen(std::string workspace, std::string account,
                                              std::vector<std::string> event_ids) {
  if (event_ids.empty()) co_return false;
  const std::vector<bool> seen =
      co_await SeenEach(std::move(workspace), std::move(account), std::move(event_ids));
  co_return std::all_of(seen.begin(), seen.end(), [](bool each) { return each; });
}

platform::Awaitable<std::vector<bool>> SeenMemory::SeenEach(std::string workspace,
                                                            std::string account,
                                                            std::vector<std::string> event_ids) {
  std::vector<bool> seen(event_ids.size(), false);
  if (redis_ == nullptr || event_ids.empty()) co_return seen;
  std::vector<platform::RedisCommand> commands;
  for (const std::string& id : event_ids) {
    commands.push_back({"EXISTS", KeyOf(workspace, account, id)});
  }
  const std::vector<absl::StatusOr<platform::RedisReply>> replies =
      co_await redis_->CallBatch(std::move(commands), kWaitMax);
  const bool answered =
      std::all_of(replies.begin(), replies.end(), [](const auto& reply) { return reply.ok(); });
  for (size_t i = 0; i < seen.size(); ++i) {
    seen[i] = answered && replies[i]->integer == 1;
    checks_.With({channel_, !answered ? "skipped" : seen[i] ? "seen" : "new"}).Increment();
  }
  co_return seen;
}

platform::Awaitable<void> SeenMemory::Mark(std::string workspace, std::string account,
                                           std::vector<std::string> event_ids) {
  if (redis_ == nullptr || event_ids.empty()) co_return;
  const std::string seconds = std::to_string(absl::ToInt64Seconds(kKept));
  std::vector<platform::RedisCommand> commands;
  for (const std::string& id : event_ids) {
    commands.push_back({"SET", KeyOf(workspace, account, id), "1", "EX", seconds});
  }
  // What is not marked costs one more record at the next redelivery.
  co_await redis_->CallBatch(std::move(commands), kWaitMax);
}

}  // namespace trama::channels
