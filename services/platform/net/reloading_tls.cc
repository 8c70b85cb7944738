#include "services/platform/net/reloading_tls.h"

#include <utility>

#include "absl/time/clock.h"
#include "services/platform/base/log.h"

namespace trama::platform {
namespace {

constexpr size_t kPemBytesMax = 1 << 20;

}  // namespace

ReloadingTls::ReloadingTls(TlsServerOptions options) : options_(std::move(options)) {
  for (const std::string* path :
       {&options_.certificate_file, &options_.key_file, &options_.client_ca_file}) {
    if (!path->empty()) files_.emplace_back(*path, kPemBytesMax);
  }
}

absl::StatusOr<std::unique_ptr<ReloadingTls>> ReloadingTls::Open(TlsServerOptions options) {
  std::unique_ptr<ReloadingTls> tls(new ReloadingTls(std::move(options)));
  // Before the files are used: what changes in between is seen at the next look.
  tls->FilesChanged();
  absl::StatusOr<std::shared_ptr<TlsContext>> context = MakeServerTls(tls->options_);
  if (!context.ok()) return context.status();
  tls->context_ = *std::move(context);
  tls->look_at_ = absl::Now() + kTlsLookEvery;
  return tls;
}

std::shared_ptr<TlsContext> ReloadingTls::Current() {
  const std::lock_guard lock(mutex_);
  const absl::Time now = absl::Now();
  // A wall clock that was set back must not stop the looking.
  if (now < look_at_ && look_at_ - now <= kTlsLookEvery) return context_;
  look_at_ = now + kTlsLookEvery;
  if (!FilesChanged()) return context_;
  absl::StatusOr<std::shared_ptr<TlsContext>> renewed = MakeServerTls(options_);
  if (renewed.ok()) {
    context_ = *std::move(renewed);
    Log(LogLevel::kInfo, "certificate renewed", {{"file", options_.certificate_file}});
  } else {
    Log(LogLevel::kError, "certificate not renewed", {{"why", renewed.status()}});
  }
  return context_;
}

bool ReloadingTls::FilesChanged() {
  bool changed = false;
  for (WatchedFile& file : files_) {
    const auto content = file.ReadIfChanged();
    // A file that has gone is a change too, which MakeServerTls then names.
    changed = changed || !content.ok() || content->has_value();
  }
  return changed;
}

}  // namespace trama::platform
