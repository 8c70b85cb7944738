#include "services/profile/redis_scripts.h"

#include <string>

namespace trama::profile {
namespace {

using platform::RedisScript;

constexpr char kCheckMarker[] = R"lua(
if ARGV[1] ~= '' and redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
)lua";

constexpr char kRows[] = R"lua(
local rows, a = {}, 2
for k = 2, #KEYS do
  local last = a + tonumber(ARGV[a])
  local found = redis.call('HMGET', KEYS[k], unpack(ARGV, a + 1, last))
  for i = 1, #found do rows[#rows + 1] = found[i] end
  a = last + 1
end
return rows
)lua";

constexpr char kPutRows[] = R"lua(
local function join(neighbours, near, line)
  local lines = redis.call('HGET', neighbours, near) or ''
  if not string.find(lines, line, 1, true) then
    redis.call('HSET', neighbours, near, lines .. line)
  end
end
local function fits(stored, was, new)
  local version = stored and tonumber(string.match(stored, '^%d+')) or 0
  if ARGV[1] == '' then return version < tonumber(new) end
  return version == tonumber(was)
end
local keys_of = {row = 1, link = 2, entry = 2, talk = 3}
local args_of = {row = 4, link = 8, entry = 5, talk = 5}
local answer, k, a = {}, 3, 3
redis.call('SET', KEYS[2], ARGV[2])
while ARGV[a] do
  local kind = ARGV[a]
  local first, step = a + 2, args_of[kind]
  local last = first + (ARGV[a + 1] - 1) * step
  local fields, rows, positions, put = {}, {}, {}, {}
  for at = first, last, step do fields[#fields + 1] = ARGV[at + 2] end
  local found = redis.call('HMGET', KEYS[k], unpack(fields))
  for i, field in ipairs(fields) do
    local at = first + (i - 1) * step
    local row = ARGV[at + 3]
    local is_put = fits(put[field] or found[i], ARGV[at], ARGV[at + 1])
    if is_put then
      put[field] = row
      rows[#rows + 1], rows[#rows + 2] = field, row
      if kind == 'link' then
        join(KEYS[k + 1], ARGV[at + 4], ARGV[at + 5])
        join(KEYS[k + 1], ARGV[at + 6], ARGV[at + 7])
      elseif kind ~= 'row' then
        positions[#positions + 1], positions[#positions + 2] = '0', ARGV[at + 4]
      end
    end
    answer[#answer + 1] = is_put and 1 or 0
  end
  if #rows > 0 then redis.call('HSET', KEYS[k], unpack(rows)) end
  if #positions > 0 then
    redis.call('ZADD', KEYS[k + 1], unpack(positions))
    if kind == 'talk' then redis.call('ZADD', KEYS[k + 2], unpack(positions)) end
  end
  k, a = k + keys_of[kind], last + step
end
return answer
)lua";

constexpr char kPartEnds[] = R"lua(
local function part(near, line)
  local lines = redis.call('HGET', KEYS[4], near) or ''
  local from, to = string.find(lines, line, 1, true)
  if not from then return end
  lines = string.sub(lines, 1, from - 1) .. string.sub(lines, to + 1)
  if lines == '' then redis.call('HDEL', KEYS[4], near)
  else redis.call('HSET', KEYS[4], near, lines) end
end
part(ARGV[4], ARGV[5])
part(ARGV[6], ARGV[7])
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

constexpr char kErase[] = R"lua(
redis.call('SET', KEYS[2], ARGV[2])
redis.call('HDEL', KEYS[3], ARGV[3])
)lua";
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

const RedisScript& RowsScript() {
  static const RedisScript& script = Make(std::string(kCheckMarker) + kRows);
  return script;
}

const RedisScript& PutRowsScript() {
  static const RedisScript& script = Make(std::string(kCheckMarker) + kPutRows);
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
redis.call('ZREM', KEYS[4], ARGV[4])
if KEYS[5] then redis.call('ZREM', KEYS[5], ARGV[4]) end
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
