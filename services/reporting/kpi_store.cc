#include "services/reporting/kpi_store.h"

#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/kernel/strings.h"
#include "services/platform/redis/redis_key.h"
#include "services/platform/redis/redis_script.h"

namespace trama::reporting {
namespace {

using platform::RedisKey;
using platform::RedisReply;
using platform::RedisScript;

constexpr char kSeparator[] = "\x1f";

constexpr int kLayoutVersion = 2;

std::string Tag(int32_t partition) {
  return absl::StrCat("report", kLayoutVersion, "-", partition);
}

// KEYS: offsets, dirty, then those that ARGV name by index (1 = the first after these two).
// ARGV: topic, expected, next, seconds to keep, number of increments, number of live changes,
//       then per increment: bucket key, buckets key, bucket, workspace, field, by,
//       then per live change: where key, live key, conversation, place, open, waiting, where place
//       is "queue\x1fchannel",
//       then per agent: agents key, agent, state.
const RedisScript& AddScript() {
  static const auto* script = new RedisScript(R"lua(
local stored = redis.call('HGET', KEYS[1], ARGV[1]) or '0'
if stored ~= ARGV[2] then return redis.error_reply('POSITION ' .. stored) end
local function key(i) return KEYS[2 + tonumber(i)] end
local at, marked = 7, {}
for _ = 1, tonumber(ARGV[5]) do
  local bucket_key, bucket = key(ARGV[at]), ARGV[at + 2]
  redis.call('HINCRBY', bucket_key, ARGV[at + 4], ARGV[at + 5])
  local mark = ARGV[at + 3] .. '\31' .. bucket
  if not marked[mark] then
    marked[mark] = true
    redis.call('EXPIREAT', bucket_key, tonumber(bucket) + tonumber(ARGV[4]))
    redis.call('ZADD', key(ARGV[at + 1]), bucket, bucket)
    redis.call('ZREMRANGEBYSCORE', key(ARGV[at + 1]), '-inf', tonumber(bucket) - tonumber(ARGV[4]))
    redis.call('HINCRBY', KEYS[2], mark, 1)
  end
  at = at + 6
end
local moved = {}
local function move(live_key, state, by)
  local open, waiting, place = string.match(state, '^(%d)(%d)(.*)$')
  local fields = moved[live_key] or {}
  moved[live_key] = fields
  local function add(is, field) if is == '1' then fields[field] = (fields[field] or 0) + by end end
  add(open, 'open\31' .. place)
  add(waiting, 'waiting\31' .. place)
end
for _ = 1, tonumber(ARGV[6]) do
  local where, live, id = key(ARGV[at]), key(ARGV[at + 1]), ARGV[at + 2]
  local now = ARGV[at + 4] .. ARGV[at + 5] .. ARGV[at + 3]
  local before = redis.call('HGET', where, id)
  if before then move(live, before, -1) end
  move(live, now, 1)
  if ARGV[at + 4] == '0' then redis.call('HDEL', where, id)
  else redis.call('HSET', where, id, now) end
  at = at + 6
end
for live_key, fields in pairs(moved) do
  for field, by in pairs(fields) do
    if by ~= 0 then redis.call('HINCRBY', live_key, field, by) end
  end
end
while ARGV[at] do
  redis.call('HSET', key(ARGV[at]), ARGV[at + 1], ARGV[at + 2])
  at = at + 3
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
)lua");
  return *script;
}

// KEYS: dirty. ARGV: mark, count.
const RedisScript& PublishedScript() {
  static const auto* script = new RedisScript(R"lua(
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 1
)lua");
  return *script;
}

// Gives each key of a script its index.
class Keys {
 public:
  explicit Keys(std::vector<std::string> fixed) : fixed_(fixed.size()), keys_(std::move(fixed)) {}
  std::string Index(std::string key) {
    auto [it, added] = index_.try_emplace(std::move(key), 0);
    if (added) {
      keys_.push_back(it->first);
      it->second = keys_.size() - fixed_;
    }
    return absl::StrCat(it->second);
  }
  std::vector<std::string> Take() { return std::move(keys_); }

 private:
  size_t fixed_;
  std::vector<std::string> keys_;
  std::map<std::string, size_t> index_;
};

absl::Status Malformed(const std::string& field) {
  return absl::DataLossError(absl::StrCat("Redis holds a field that reporting did not write: ",
                                          field, "; empty Redis to have it counted again"));
}

// The pairs of HGETALL.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Pairs(
    absl::StatusOr<RedisReply> reply) {
  if (!reply.ok()) return reply.status();
  absl::StatusOr<std::vector<RedisReply>> elements = (*std::move(reply)).AsArray();
  if (!elements.ok()) return elements.status();
  std::vector<std::pair<std::string, std::string>> pairs;
  for (size_t i = 0; i + 1 < elements->size(); i += 2) {
    pairs.emplace_back(std::move((*elements)[i].text), std::move((*elements)[i + 1].text));
  }
  return pairs;
}

}  // namespace

absl::StatusOr<int64_t> KpiStore::Position(int32_t partition, const std::string& topic) {
  const absl::StatusOr<RedisReply> reply =
      redis_.CallBlocking({"HGET", RedisKey(Tag(partition), "offsets"), topic});
  if (!reply.ok()) return reply.status();
  return reply->is_nil() ? 0 : reply->AsInteger();
}

absl::Status KpiStore::Add(int32_t partition, const std::string& topic, int64_t expected,
                           int64_t next, const Folded& folded) {
  const std::string tag = Tag(partition);
  // One field of one bucket once, however many records moved it.
  std::map<std::pair<Group, std::string>, int64_t> sums;
  for (const Increment& increment : folded.increments) {
    sums[{increment.group, increment.counter}] += increment.by;
  }
  // A conversation is where its last record says.
  std::map<std::pair<std::string_view, std::string_view>, const LiveChange*> latest;
  for (const LiveChange& live : folded.live) latest[{live.workspace, live.conversation_id}] = &live;
  Keys keys({RedisKey(tag, "offsets"), RedisKey(tag, "dirty")});
  std::vector<std::string> args = {topic,
                                   absl::StrCat(expected),
                                   absl::StrCat(next),
                                   absl::StrCat(absl::ToInt64Seconds(kKept)),
                                   absl::StrCat(sums.size()),
                                   absl::StrCat(latest.size())};
  for (const auto& [name, by] : sums) {
    const auto& [group, counter] = name;
    const std::string bucket = absl::StrCat(group.bucket);
    args.push_back(keys.Index(RedisKey(tag, "bucket", group.workspace, bucket)));
    args.push_back(keys.Index(RedisKey(tag, "buckets", group.workspace)));
    args.push_back(bucket);
    args.push_back(group.workspace);
    args.push_back(absl::StrCat(group.channel, kSeparator, group.queue, kSeparator, group.agent_id,
                                kSeparator, counter));
    args.push_back(absl::StrCat(by));
  }
  for (const auto& [conversation, live] : latest) {
    args.push_back(keys.Index(RedisKey(tag, "where", live->workspace)));
    args.push_back(keys.Index(RedisKey(tag, "live", live->workspace)));
    args.push_back(live->conversation_id);
    args.push_back(absl::StrCat(live->queue, kSeparator, live->channel));
    args.push_back(live->open ? "1" : "0");
    args.push_back(live->waiting ? "1" : "0");
  }
  for (const auto& [agent, state] : folded.agents) {
    args.push_back(keys.Index(RedisKey(tag, "agents", agent.first)));
    args.push_back(agent.second);
    args.push_back(state.SerializeAsString());
  }
  return redis_.CallScriptBlocking(AddScript(), keys.Take(), std::move(args)).status();
}

absl::StatusOr<CountersByGroup> KpiStore::Read(int32_t partition, const std::string& workspace,
                                               const Range& range) {
  const std::string tag = Tag(partition);
  absl::StatusOr<RedisReply> found =
      redis_.CallBlocking({"ZRANGEBYSCORE", RedisKey(tag, "buckets", workspace),
                           absl::StrCat(absl::ToUnixSeconds(range.from)),
                           absl::StrCat("(", absl::ToUnixSeconds(range.to))});
  if (!found.ok()) return found.status();
  absl::StatusOr<std::vector<RedisReply>> buckets = (*std::move(found)).AsArray();
  if (!buckets.ok()) return buckets.status();

  std::vector<platform::RedisCommand> commands;
  for (const RedisReply& bucket : *buckets) {
    commands.push_back({"HGETALL", RedisKey(tag, "bucket", workspace, bucket.text)});
  }
  std::vector<absl::StatusOr<RedisReply>> replies = redis_.CallBatchBlocking(std::move(commands));
  CountersByGroup counted;
  for (size_t i = 0; i < replies.size(); ++i) {
    auto pairs = Pairs(std::move(replies[i]));
    if (!pairs.ok()) return pairs.status();
    for (const auto& [field, value] : *pairs) {
      const std::vector<std::string> parts = absl::StrSplit(field, kSeparator);
      Group group{workspace};
      int64_t count = 0;
      if (parts.size() != 4 || !absl::SimpleAtoi(value, &count) ||
          !absl::SimpleAtoi((*buckets)[i].text, &group.bucket)) {
        return Malformed(field);
      }
      group.channel = parts[0];
      group.queue = parts[1];
      group.agent_id = parts[2];
      counted[group][parts[3]] += count;
    }
  }
  return counted;
}

absl::StatusOr<v1::LiveFigures> KpiStore::Live(int32_t partition, const std::string& workspace) {
  auto pairs = Pairs(redis_.CallBlocking({"HGETALL", RedisKey(Tag(partition), "live", workspace)}));
  if (!pairs.ok()) return pairs.status();
  std::map<std::string, v1::LiveQueue> queues;
  std::map<std::string, v1::LiveChannel> channels;
  v1::LiveFigures live;
  for (const auto& [field, value] : *pairs) {
    const std::vector<std::string> parts = absl::StrSplit(field, kSeparator);
    int64_t count = 0;
    if (parts.size() != 3 || !absl::SimpleAtoi(value, &count)) return Malformed(field);
    if (count == 0) continue;
    v1::LiveQueue& queue = queues[parts[1]];
    v1::LiveChannel& channel = channels[parts[2]];
    queue.set_queue(parts[1]);
    channel.set_channel(parts[2]);
    if (parts[0] == "open") {
      queue.set_open(queue.open() + count);
      channel.set_open(channel.open() + count);
      live.set_open(live.open() + count);
    } else {
      queue.set_waiting(queue.waiting() + count);
      channel.set_waiting(channel.waiting() + count);
      live.set_waiting(live.waiting() + count);
    }
  }
  for (auto& [name, queue] : queues) *live.add_queues() = std::move(queue);
  for (auto& [name, channel] : channels) *live.add_channels() = std::move(channel);
  return live;
}

absl::StatusOr<AgentStates> KpiStore::Agents(int32_t partition, const std::string& workspace) {
  auto pairs =
      Pairs(redis_.CallBlocking({"HGETALL", RedisKey(Tag(partition), "agents", workspace)}));
  if (!pairs.ok()) return pairs.status();
  AgentStates states;
  for (const auto& [agent, bytes] : *pairs) {
    if (!states[{workspace, agent}].ParseFromString(bytes)) return Malformed(agent);
  }
  return states;
}

absl::StatusOr<std::vector<KpiStore::Dirty>> KpiStore::ListDirty(int32_t partition, size_t most) {
  auto pairs = Pairs(redis_.CallBlocking({"HGETALL", RedisKey(Tag(partition), "dirty")}));
  if (!pairs.ok()) return pairs.status();
  std::map<std::pair<int64_t, std::string>, Dirty> ordered;
  for (auto& [mark, count] : *pairs) {
    const std::vector<std::string> parts = absl::StrSplit(mark, kSeparator);
    Dirty dirty;
    if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &dirty.bucket)) return Malformed(mark);
    dirty.workspace = parts[0];
    dirty.mark = count;
    ordered[{dirty.bucket, dirty.workspace}] = std::move(dirty);
  }
  std::vector<Dirty> dirty;
  for (auto& [place, found] : ordered) {
    if (dirty.size() == most) break;
    dirty.push_back(std::move(found));
  }
  return dirty;
}

absl::Status KpiStore::MarkPublished(int32_t partition, const Dirty& dirty) {
  return redis_
      .CallScriptBlocking(PublishedScript(), {RedisKey(Tag(partition), "dirty")},
                          {absl::StrCat(dirty.workspace, kSeparator, dirty.bucket), dirty.mark})
      .status();
}

}  // namespace trama::reporting
