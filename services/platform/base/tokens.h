#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/kernel/caller.h"
#include "services/platform/base/watched_file.h"

namespace trama::platform {

inline constexpr size_t kTokensMax = 100'000;
inline constexpr size_t kTokensFileBytesMax = 32 << 20;
inline constexpr size_t kTokenBytesMax = 4096;

// Whose bearer token is whose. The file is a JSON list; tokens are held as their SHA-256 only, so
// that reading the file gives nobody access:
//   [{"token_sha256": "<64 hex>", "subject": "ana", "workspace": "demo", "roles": ["agent"]}]
// An empty or absent workspace means all of them: only for roles other than agent.
// Thread-safe.
class TokenStore {
 public:
  // No tokens: every call is refused.
  TokenStore();
  ~TokenStore();

  // The errors name the file, the entry's number and the field.
  static absl::StatusOr<std::unique_ptr<TokenStore>> Open(const std::string& path);
  // From text, for tests.
  static absl::StatusOr<std::unique_ptr<TokenStore>> Parse(std::string_view json);

  // Reads the file again if it has changed. A file that is wrong changes nothing: the tokens read
  // before stay valid, and the error is returned once per change of the file.
  absl::Status ReloadIfChanged();

  // The caller that `bearer` stands for. Takes the same time for every unknown token: it is hashed
  // before anything is compared.
  std::optional<Caller> Find(std::string_view bearer) const;

  size_t size() const;

 private:
  struct Entries;
  std::mutex reload_mutex_;  // Guards file_.
  WatchedFile file_;
  mutable std::mutex mutex_;  // Guards entries_.
  std::shared_ptr<const Entries> entries_;
};

// Our own token for calls to others: the content of --service_token_file, read again when it has
// changed. Thread-safe.
class ServiceToken {
 public:
  ServiceToken() = default;  // Empty: calls carry no credentials.
  static absl::StatusOr<std::unique_ptr<ServiceToken>> Open(const std::string& path);
  absl::Status ReloadIfChanged();
  std::string Get() const;

 private:
  std::mutex reload_mutex_;  // Guards file_.
  WatchedFile file_;
  mutable std::mutex mutex_;  // Guards token_.
  std::string token_;
};

// Can `name` be the subject of a credential (or an agent)? 1 to 128 of a-z A-Z 0-9 . _ - @
bool IsSubject(std::string_view name);

// Lower-case hex of the SHA-256 of a token, as it stands in the file.
std::string TokenSha256(std::string_view token);

}  // namespace trama::platform
