#include "services/channels/common/seen_memory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"
#include "services/platform/redis/redis_key.h"
#include "services/platform/redis/redis_protocol.h"

namespace trama::channels {

namespace {

platform::CounterFamily& Checks(platform::Metrics& metrics) {
  return metrics.Counter("trama_ingest_seen_total",
                         "Events looked up in the memory of events: new, seen, or skipped "
                         "because Redis did not answer.",
                         {"channel", "answer"});
}

// "trama:{seen%3A<channel>%3A<workspace>/<account>%3A". Most events in a row are of one account,
// whose text is kept.
const std::string& KeyBegin(std::string_view channel, std::string_view workspace,
                            std::string_view account) {
  struct Kept {
    std::string channel;
    std::string workspace;
    std::string account;
    std::string text;
  };
  thread_local Kept kept;
  if (kept.text.empty() || kept.account != account || kept.workspace != workspace ||
      kept.channel != channel) {
    kept = {std::string(channel), std::string(workspace), std::string(account),
            platform::RedisKey(absl::StrCat("seen:", ToAbsl(channel), ":", ToAbsl(workspace), "/",
                                            ToAbsl(account), ":"))};
    kept.text.pop_back();  // The brace that ends the tag.
  }
  return kept.text;
}

platform::RedisCommand Exists(std::string key) {
  platform::RedisCommand command;
  command.reserve(2);
  command.emplace_back("EXISTS");
  command.push_back(std::move(key));
  return command;
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
  keys.reserve(event_ids.size());
  for (const std::string& id : event_ids) {
    keys.push_back(absl::StrCat(KeyBegin(channel_, workspace, account), HexSha256(id), "}"));
  }
  return keys;
}

void SeenMemory::Count(bool answered, bool seen, size_t keys) {
  prometheus::Counter& counted = !answered ? skipped_ : seen ? seen_ : new_;
  counted.Increment(static_cast<double>(keys));
}

platform::Awaitable<bool> SeenMemory::AllSeen(std::vector<std::string> keys) {
  if (redis_ == nullptr || keys.empty()) co_return false;
  if (keys.size() > 1) {
    const std::vector<bool> seen = co_await SeenEach(std::move(keys));
    co_return std::all_of(seen.begin(), seen.end(), [](bool each) { return each; });
  }
  platform::RedisCommand exists = Exists(std::move(keys.front()));
  const absl::StatusOr<platform::RedisReply> reply =
      co_await redis_->Call(std::move(exists), kWaitMax);
  const bool seen = reply.ok() && reply->integer == 1;
  Count(reply.ok(), seen);
  co_return seen;
}

platform::Awaitable<std::vector<bool>> SeenMemory::SeenEach(std::vector<std::string> keys) {
  std::vector<bool> seen(keys.size(), false);
  if (redis_ == nullptr || keys.empty()) co_return seen;
  std::vector<platform::RedisCommand> commands;
  commands.reserve(keys.size());
  for (std::string& key : keys) commands.push_back(Exists(std::move(key)));
  const std::vector<absl::StatusOr<platform::RedisReply>> replies =
      co_await redis_->CallBatch(std::move(commands), kWaitMax);
  const bool answered =
      std::all_of(replies.begin(), replies.end(), [](const auto& reply) { return reply.ok(); });
  for (size_t i = 0; i < seen.size(); ++i) {
    seen[i] = answered && replies[i]->integer == 1;
    Count(answered, seen[i]);
  }
  co_return seen;
}

void SeenMemory::LookUp(std::vector<std::vector<std::string>> events, Told told) {
  platform::RedisCommand exists = {"EXISTS"};
  for (const std::vector<std::string>& keys : events) {
    exists.insert(exists.end(), keys.begin(), keys.end());
  }
  const size_t count = exists.size() - 1;
  if (redis_ == nullptr || count == 0) return told(std::vector<bool>(events.size(), false));
  redis_->Send(
      std::move(exists),
      [this, count, events = std::move(events),
       told = std::move(told)](const absl::StatusOr<platform::RedisReply>& reply) {
        if (reply.ok() && reply->integer > 0 && count > 1) return LookUpEach(events, told);
        const bool seen = reply.ok() && reply->integer > 0;
        Count(reply.ok(), seen, count);
        // If there is one, the only key belongs to the only event that has any.
        std::vector<bool> all_seen(events.size(), false);
        for (size_t i = 0; i < events.size(); ++i) all_seen[i] = seen && !events[i].empty();
        told(all_seen);
      },
      kWaitMax);
}

void SeenMemory::LookUpEach(const std::vector<std::vector<std::string>>& events, Told told) {
  std::vector<platform::RedisCommand> commands;
  std::vector<size_t> counts;
  for (const std::vector<std::string>& keys : events) {
    for (const std::string& key : keys) commands.push_back(Exists(key));
    counts.push_back(keys.size());
  }
  redis_->SendBatch(
      std::move(commands),
      [this, counts = std::move(counts),
       told = std::move(told)](const std::vector<absl::StatusOr<platform::RedisReply>>& replies) {
        std::vector<bool> all_seen(counts.size(), false);
        size_t next = 0;
        for (size_t i = 0; i < counts.size(); ++i) {
          size_t seen_of_them = 0;
          for (const size_t end = next + counts[i]; next < end; ++next) {
            const bool seen = replies[next].ok() && replies[next]->integer == 1;
            Count(replies[next].ok(), seen);
            if (seen) ++seen_of_them;
          }
          all_seen[i] = counts[i] > 0 && seen_of_them == counts[i];
        }
        told(all_seen);
      },
      kWaitMax);
}

void SeenMemory::Mark(const std::vector<std::string>& keys) {
  if (redis_ == nullptr) return;
  static const std::string& seconds = *new std::string(absl::StrCat(absl::ToInt64Seconds(kKept)));
  std::string wire;
  for (const std::string& key : keys) {
    platform::AppendRedisCommand({"SET", key, "1", "EX", seconds}, wire);
  }
  // What is not marked costs one more record at the next redelivery.
  redis_->SendSoon(std::move(wire), keys.size(), kWaitMax);
}

}  // namespace trama::channels
