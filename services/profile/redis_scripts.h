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

// Rows of one shard: KEYS 2.. their hashes; ARGV 2.. for each hash the number of its fields and the
// fields. A list, nil where none is.
const platform::RedisScript& RowsScript();

// Puts rows of one shard. KEYS[2] and ARGV[2]: a key that names who has put something into the
// shard last, and his name. The rows follow in groups, whose rows lie in one place: the kind of the
// group, the number of its rows and they. Each has the version that must be there now (0: none),
// the new one, the field, the packed row; and more by its kind. The answer is a list of 1 (put) and
// 0 (not), in their order.
//
//   kind   keys of the group         further arguments of a row
//   row    hash
//   link   hash, neighbours          customer id and line of one end, and of the other
//   entry  hash, times               position
//   talk   hash, times, talk         position
//
// While restoring the newer version wins, whatever is there now; a row may come more than once.
const platform::RedisScript& PutRowsScript();

// Erases the row in KEYS[3], field ARGV[3], while restoring. KEYS[2] and ARGV[2] as above, KEYS and
// ARGV 4.. as the further ones of its kind.
const platform::RedisScript& EraseRowScript();
const platform::RedisScript& EraseLinkScript();
const platform::RedisScript& EraseEntryScript();

// The shard is filled: ARGV[1] the marker to set, KEYS[2] what must still stand there since the
// beginning. 1, or 0 when somebody has emptied Redis meanwhile.
const platform::RedisScript& FilledScript();

}  // namespace trama::profile
