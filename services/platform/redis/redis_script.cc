#include "services/platform/redis/redis_script.h"

#include <openssl/evp.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "services/kernel/check.h"

namespace trama::platform {

RedisScript::RedisScript(std::string source) : source_(std::move(source)) {
  std::string digest(20, '\0');
  // Redis names scripts by SHA-1; nothing secret depends on it.
  TRAMA_CHECK(EVP_Digest(source_.data(), source_.size(),
                         reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha1(),
                         nullptr) == 1);
  sha1_ = absl::BytesToHexString(digest);
}

}  // namespace trama::platform
