#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace trama::platform {

// Makes "trama:{tag}:part:part". Keys with equal tags live on one node of a Redis Cluster, so what
// a script touches together must share its tag: usually a workspace or a partition number. '{',
// '}',
// ':' and '%' inside tag and parts are percent-encoded, so that no customer's value can forge a tag
// or another key. An empty tag is a broken promise of the caller and ends the process.
//
//   RedisKey("demo", "customer", id)  ->  "trama:{demo}:customer:<id>"
std::string RedisKeyOf(std::string_view tag, std::initializer_list<std::string_view> parts);

template <typename... Parts>
std::string RedisKey(std::string_view tag, const Parts&... parts) {
  return RedisKeyOf(tag, {std::string_view(parts)...});
}

// The tag by which Redis Cluster places the key: what stands between the first '{' and the next
// '}'; empty when there is none.
std::string_view RedisHashTag(std::string_view key);

// INVALID_ARGUMENT for a key without a tag, and for keys with different tags.
absl::Status CheckRedisKeys(const std::vector<std::string>& keys);

}  // namespace trama::platform
