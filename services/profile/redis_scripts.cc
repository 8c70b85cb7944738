#include "services/profile/redis_scripts.h"

#include <string>

namespace trama::profile {
namespace {

using platform::RedisScript;

constexpr char kCheckMarker[] = R"lua(
if ARGV[1] ~= '' and redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
)lua";

constexpr char kVersion[] = R"lua(
local function version_of(field)
  local stored = redis.call('HGET', KEYS[2], field)
  return stored and tonumber(string.match(stored, '^%d+')) or 0
end
)lua";

constexpr char kPut[] = R"lua(
local version = version_of(ARGV[4])
if ARGV[1] == '' then
  if version >= tonumber(ARGV[3]) then return 0 end
elseif version ~= tonumber(ARGV[2]) then
  return 0
end
redis.call('HSET', KEYS[2], ARGV[4], ARGV[5])
)lua";

constexpr char kJoinEnds[] = R"lua(
local function join(near, line)
  local lines = redis.call('HGET', KEYS[3], near) or ''
  if not string.find(lines, line, 1, true) then
    redis.call('HSET', KEYS[3], near, lines .. line)
  end
end
join(ARGV[6], ARGV[7])
join(ARGV[8], ARGV[9])
)lua";

constexpr char kIndexEntry[] = R"lua(
redis.call('ZADD', KEYS[3], 0, ARGV[6])
if KEYS[4] then redis.call('ZADD', KEYS[4], 0, ARGV[6]) end
)lua";

constexpr char kPartEnds[] = R"lua(
local function part(near, line)
  local lines = redis.call('HGET', KEYS[3], near) or ''
  local from, to = string.find(lines, line, 1, true)
  if not from then return end
  lines = string.sub(lines, 1, from - 1) .. string.sub(lines, to + 1)
  if lines == '' then redis.call('HDEL', KEYS[3], near)
  else redis.call('HSET', KEYS[3], near, lines) end
end
part(ARGV[6], ARGV[7])
part(ARGV[8], ARGV[9])
)lua";

// Bounded beyond what links may join (component.h), for links that were made at once.
constexpr char kPerson[] = R"lua(
local members, seen, links, link_seen = {ARGV[2]}, {[ARGV[2]] = true}, {}, {}
local at = 1
while members[at] and at <= 1024 do
  local lines = redis.call('HGET', KEYS[2], members[at])
  if lines then
    for near, link in string.gmatch(lines, '(%S+) (%S+)\n') do
      if not seen[near] and #members < 1024 then
        seen[near] = true
        members[#members + 1] = near
      end
      if not link_seen[link] then
        link_seen[link] = true
        links[#links + 1] = link
      end
    end
  end
  at = at + 1
end
local link_rows = {}
for i, link in ipairs(links) do link_rows[i] = redis.call('HGET', KEYS[5], link) end
return {redis.call('HMGET', KEYS[3], unpack(members)),
        redis.call('HMGET', KEYS[4], unpack(members)), link_rows}
)lua";

constexpr char kErase[] = "redis.call('HDEL', KEYS[2], ARGV[4])\n";
constexpr char kDone[] = "return 1\n";

const RedisScript& Make(const std::string& source) { return *new RedisScript(source); }

}  // namespace

const RedisScript& ReadScript() {
  static const RedisScript& script =
      Make(std::string(kCheckMarker) + "return redis.call(ARGV[2], KEYS[2], unpack(ARGV, 3))\n");
  return script;
}

const RedisScript& PersonScript() {
  static const RedisScript& script = Make(std::string(kCheckMarker) + kPerson);
  return script;
}

const RedisScript& VersionScript() {
  static const RedisScript& script =
      Make(std::string(kCheckMarker) + kVersion + "return version_of(ARGV[2])\n");
  return script;
}

const RedisScript& PutRowScript() {
  static const RedisScript& script = Make(std::string(kCheckMarker) + kVersion + kPut + kDone);
  return script;
}

const RedisScript& PutLinkScript() {
  static const RedisScript& script =
      Make(std::string(kCheckMarker) + kVersion + kPut + kJoinEnds + kDone);
  return script;
}

const RedisScript& PutEntryScript() {
  static const RedisScript& script =
      Make(std::string(kCheckMarker) + kVersion + kPut + kIndexEntry + kDone);
  return script;
}

const RedisScript& EraseRowScript() {
  static const RedisScript& script = Make(std::string(kErase) + kDone);
  return script;
}

const RedisScript& EraseLinkScript() {
  static const RedisScript& script = Make(std::string(kErase) + kPartEnds + kDone);
  return script;
}

const RedisScript& EraseEntryScript() {
  static const RedisScript& script = Make(std::string(kErase) + R"lua(
redis.call('ZREM', KEYS[3], ARGV[6])
if KEYS[4] then redis.call('ZREM', KEYS[4], ARGV[6]) end
)lua" + kDone);
  return script;
}

const RedisScript& FilledScript() {
  static const RedisScript& script = Make(R"lua(
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return 1
)lua");
  return script;
}

}  // namespace trama::profile
