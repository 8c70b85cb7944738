#include "services/platform/redis/redis_key.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

constexpr std::array<bool, 256> kSpecial = [] {
  std::array<bool, 256> special{};
  for (const unsigned char c : {'{', '}', ':', '%'}) special[c] = true;
  return special;
}();

bool IsSpecial(char c) { return kSpecial[static_cast<unsigned char>(c)]; }

void AppendPart(std::string_view part, std::string& key) {
  constexpr char kHexDigits[] = "0123456789ABCDEF";
  for (auto from = part.begin(); from != part.end();) {
    const auto special = std::find_if(from, part.end(), IsSpecial);
    key.append(from, special);
    if (special == part.end()) return;
    const auto byte = static_cast<unsigned char>(*special);
    key.push_back('%');
    key.push_back(kHexDigits[byte >> 4]);
    key.push_back(kHexDigits[byte & 15]);
    from = special + 1;
  }
}

}  // namespace

std::string RedisKeyOf(std::string_view tag, std::initializer_list<std::string_view> parts) {
  TRAMA_CHECK(!tag.empty());
  constexpr size_t kEscapesUsual = 16;
  size_t bytes = tag.size() + kEscapesUsual;
  for (const std::string_view part : parts) bytes += part.size() + 1;
  std::string key = "trama:{";
  key.reserve(key.size() + bytes);
  AppendPart(tag, key);
  key.push_back('}');
  for (const std::string_view part : parts) {
    key.push_back(':');
    AppendPart(part, key);
  }
  return key;
}

std::string_view RedisHashTag(std::string_view key) {
  const size_t open = key.find('{');
  if (open == std::string_view::npos) return {};
  const size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos) return {};
  return key.substr(open + 1, close - open - 1);
}

absl::Status CheckRedisKeys(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    const std::string_view tag = RedisHashTag(key);
    if (tag.empty()) {
      return absl::InvalidArgumentError(
          "a redis key has no hash tag, make it with RedisKey(tag, ...)");
    }
    if (tag != RedisHashTag(keys.front())) {
      return absl::InvalidArgumentError(
          absl::StrCat("redis keys with the hash tags {", ToAbsl(RedisHashTag(keys.front())),
                       "} and {", ToAbsl(tag), "} cannot be used together, give them one tag"));
    }
  }
  return absl::OkStatus();
}

}  // namespace trama::platform
