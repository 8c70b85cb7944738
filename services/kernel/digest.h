#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Digests and keyed digests (OpenSSL). All of them are pure functions of their arguments. For text
// forms of the raw bytes use absl::BytesToHexString, absl::Base64Escape, absl::WebSafeBase64Escape.
namespace trama {

inline constexpr size_t kSha256Bytes = 32;
inline constexpr size_t kSha1Bytes = 20;

// SHA-256 (FIPS 180-4): 32 raw bytes.
std::string Sha256(std::string_view data);

// SHA-256 as 64 lower-case hexadecimal digits.
std::string HexSha256(std::string_view data);

// HMAC-SHA-256 (RFC 2104): 32 raw bytes. `key` may have any length, none included.
std::string HmacSha256(std::string_view key, std::string_view data);

// HMAC-SHA-1: 20 raw bytes. Only for vendors that sign with it (Twilio); never for anything of
// ours.
std::string HmacSha1(std::string_view key, std::string_view data);

// Are they equal? Takes a time that depends on the lengths only, so that a forger learns nothing
// from it. For signatures and tokens.
bool EqualInConstantTime(std::string_view a, std::string_view b);

}  // namespace trama
