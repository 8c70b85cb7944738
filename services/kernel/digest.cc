#include "services/kernel/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"
#include "services/kernel/check.h"

namespace trama {
namespace {

const unsigned char* Bytes(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

unsigned char* Bytes(std::string& data) { return reinterpret_cast<unsigned char*>(data.data()); }

std::string Hmac(const EVP_MD* digest, size_t bytes, std::string_view key, std::string_view data) {
  std::string out(bytes, '\0');
  // OpenSSL takes a null key for "the key of the last call".
  const char* key_data = key.empty() ? "" : key.data();
  unsigned int written = 0;
  TRAMA_CHECK(HMAC(digest, key_data, static_cast<int>(key.size()), Bytes(data), data.size(),
                   Bytes(out), &written) != nullptr);
  TRAMA_CHECK(written == bytes);
  return out;
}

// To look the digest up and to make a context each time costs OpenSSL 3 ten times the hashing of a
// short text, so both are kept. The context holds nothing between two calls.
struct Hasher {
  Hasher() : context(EVP_MD_CTX_new()) { TRAMA_CHECK(context != nullptr); }
  ~Hasher() { EVP_MD_CTX_free(context); }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  EVP_MD_CTX* const context;
};

const EVP_MD* FetchedSha256() {
  static const EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  TRAMA_CHECK(digest != nullptr);
  return digest;
}

}  // namespace

std::string Sha256(std::string_view data) {
  thread_local const Hasher hasher;
  std::string out(kSha256Bytes, '\0');
  TRAMA_CHECK(EVP_DigestInit_ex2(hasher.context, FetchedSha256(), nullptr) == 1);
  TRAMA_CHECK(EVP_DigestUpdate(hasher.context, data.data(), data.size()) == 1);
  TRAMA_CHECK(EVP_DigestFinal_ex(hasher.context, Bytes(out), nullptr) == 1);
  return out;
}

std::string HexSha256(std::string_view data) { return absl::BytesToHexString(Sha256(data)); }

std::string HmacSha256(std::string_view key, std::string_view data) {
  return Hmac(EVP_sha256(), kSha256Bytes, key, data);
}

std::string HmacSha1(std::string_view key, std::string_view data) {
  return Hmac(EVP_sha1(), kSha1Bytes, key, data);
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace trama
