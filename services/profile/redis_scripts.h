#pragma once

#include "services/platform/redis/redis_script.h"

// What profile runs inside Redis. KEYS[1] is always the marker of the shard and ARGV[1] what it
// must hold; -1 is the answer where it holds something else. While `profiles` is played, ARGV[1] is
// empty and nothing is asked.
namespace trama::profile {

inline constexpr int kShardIsEmpty = -1;

// Any command that reads KEYS[2]: ARGV 2.. are its name and its further arguments.
const platform::RedisScript& ReadScript();

// A person in whole, found from ARGV[2] along the links. KEYS 2..5: neighbours, identifiers,
// attributes, links. Three lists of rows: identifiers, attributes (both nil where there is none, in
// the same order), links.
const platform::RedisScript& PersonScript();

// The version of the row in KEYS[2], field ARGV[2]; 0 when there is none.
const platform::RedisScript& VersionScript();

// Puts a row: ARGV 2 the version that must be there now (0: none), 3 the new one, 4 the field, 5
// the packed row. While restoring the newer version wins instead. 1: put, 0: not.
const platform::RedisScript& PutRowScript();
// The same for a link, kept at both ends: KEYS[3] neighbours, ARGV 6 and 7 customer id and line of
// one end, 8 and 9 of the other.
const platform::RedisScript& PutLinkScript();
// The same for an entry: KEYS[3] times, KEYS[4] (may be absent) talk, ARGV 6 its position.
const platform::RedisScript& PutEntryScript();

// Erases a row while restoring; further keys and arguments as above.
const platform::RedisScript& EraseRowScript();
const platform::RedisScript& EraseLinkScript();
const platform::RedisScript& EraseEntryScript();

// The shard is filled: ARGV[1] the marker to set, KEYS[2] what must still stand there since the
// beginning. 1, or 0 when somebody has emptied Redis meanwhile.
const platform::RedisScript& FilledScript();

}  // namespace trama::profile
