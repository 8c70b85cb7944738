#include "services/kernel/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <optional>

#include "services/kernel/check.h"
#include "services/kernel/hex.h"

namespace trama {
namespace {

const unsigned char* Bytes(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

unsigned char* Bytes(std::string& data) { return reinterpret_cast<unsigned char*>(data.data()); }

// To look an algorithm up and to make a context each time costs OpenSSL 3 ten times the hashing of
// a short text, so both are kept, per thread.

// Keeps the last key: most calls of a thread have the same one, and to set it costs as much as to
// hash a short text.
class Keyed {
 public:
  explicit Keyed(const char* digest) {
    EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
    context_ = EVP_MAC_CTX_new(hmac);
    EVP_MAC_free(hmac);  // The context holds a share of it.
    TRAMA_CHECK(context_ != nullptr);
    std::string name = digest;
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
        OSSL_PARAM_construct_end()};
    TRAMA_CHECK(EVP_MAC_CTX_set_params(context_, parameters) == 1);
  }
  ~Keyed() {
    EVP_MAC_CTX_free(context_);
    Forget();
  }
  Keyed(const Keyed&) = delete;
  Keyed& operator=(const Keyed&) = delete;

  std::string Hmac(size_t bytes, std::string_view key, std::string_view data) {
    std::string out(bytes, '\0');
    size_t written = 0;
    Begin(key);
    TRAMA_CHECK(EVP_MAC_update(context_, Bytes(data), data.size()) == 1);
    TRAMA_CHECK(EVP_MAC_final(context_, Bytes(out), &written, bytes) == 1);
    TRAMA_CHECK(written == bytes);
    return out;
  }

 private:
  void Begin(std::string_view key) {
    if (key_ == key) {
      // OpenSSL takes a null key for "the key of the last call".
      TRAMA_CHECK(EVP_MAC_init(context_, nullptr, 0, nullptr) == 1);
      return;
    }
    Forget();
    key_.emplace(key);
    TRAMA_CHECK(EVP_MAC_init(context_, Bytes(*key_), key_->size(), nullptr) == 1);
  }

  void Forget() {
    if (key_.has_value()) OPENSSL_cleanse(key_->data(), key_->size());
  }

  EVP_MAC_CTX* context_ = nullptr;
  std::optional<std::string> key_;
};

// The context holds nothing between two calls.
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

std::array<unsigned char, kSha256Bytes> Digest(std::string_view data) {
  thread_local const Hasher hasher;
  std::array<unsigned char, kSha256Bytes> out;
  TRAMA_CHECK(EVP_DigestInit_ex2(hasher.context, FetchedSha256(), nullptr) == 1);
  TRAMA_CHECK(EVP_DigestUpdate(hasher.context, data.data(), data.size()) == 1);
  TRAMA_CHECK(EVP_DigestFinal_ex(hasher.context, out.data(), nullptr) == 1);
  return out;
}

}  // namespace

std::string Sha256(std::string_view data) {
  const std::array<unsigned char, kSha256Bytes> digest = Digest(data);
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string HexSha256(std::string_view data) {
  std::string hex(2 * kSha256Bytes, '0');
  char* to = hex.data();
  for (const unsigned char byte : Digest(data)) to = WriteHex(byte, to);
  return hex;
}

std::string HmacSha256(std::string_view key, std::string_view data) {
  thread_local Keyed keyed("SHA256");
  return keyed.Hmac(kSha256Bytes, key, data);
}

std::string HmacSha1(std::string_view key, std::string_view data) {
  thread_local Keyed keyed("SHA1");
  return keyed.Hmac(kSha1Bytes, key, data);
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace trama
