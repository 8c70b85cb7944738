#pragma once

#include <string>
#include <string_view>

namespace trama::platform {

// A Lua script with the SHA-1 by which Redis knows it. Immutable; make one per script and keep it.
class RedisScript {
 public:
  explicit RedisScript(std::string source);

  const std::string& source() const { return source_; }
  const std::string& sha1() const { return sha1_; }  // 40 lower-case hex digits.

 private:
  std::string source_;
  std::string sha1_;
};

}  // namespace trama::platform
