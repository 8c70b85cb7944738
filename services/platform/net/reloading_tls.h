#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/base/watched_file.h"
#include "services/platform/net/tls.h"

namespace trama::platform {

// The TLS of a server whose certificate is renewed while it runs: a replaced file is used for new
// connections within kTlsLookEvery, without a restart. Files that do not fit together (half
// replaced, or broken) are logged and change nothing; the connections that there are stay.
// Thread-safe.
class ReloadingTls {
 public:
  // INVALID_ARGUMENT as MakeServerTls.
  static absl::StatusOr<std::unique_ptr<ReloadingTls>> Open(TlsServerOptions options);

  // For a new connection.
  std::shared_ptr<TlsContext> Current();

 private:
  explicit ReloadingTls(TlsServerOptions options);
  bool FilesChanged();

  const TlsServerOptions options_;
  std::mutex mutex_;
  std::vector<WatchedFile> files_;  // Guarded by mutex_, as the others.
  absl::Time look_at_;
  std::shared_ptr<TlsContext> context_;
};

inline constexpr absl::Duration kTlsLookEvery = absl::Seconds(1);

}  // namespace trama::platform
