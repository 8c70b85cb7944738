#include "services/channels/common/raw_archive.h"

#include <functional>
#include <utility>

#include "services/channels/common/interaction_ids.h"

namespace trama::channels {

namespace {

absl::Status WorkersFull() {
  return absl::UnavailableError("too many files wait for the blob store");
}

}  // namespace

RawArchive::RawArchive(platform::BlobStore& store, platform::WorkerPool& workers,
                       const AccountDirectory& accounts, const platform::Clock& clock,
                       platform::Metrics& metrics)
    : store_(store),
      workers_(workers),
      accounts_(accounts),
      clock_(clock),
      seconds_(metrics
                   .Histogram("trama_ingest_archive_seconds",
                              "Writing one original or file to the blob store.", {"channel"},
                              platform::kLatencySecondsBuckets)
                   .With({accounts.channel()})) {}

absl::Status RawArchive::CheckIdentity(const std::string& workspace) const {
  return accounts_.CheckIdentity(workspace);
}

platform::Awaitable<absl::StatusOr<std::string>> RawArchive::Put(std::string workspace,
                                                                 types::v1::Identifier owner,
                                                                 std::string bytes,
                                                                 std::string content_type) {
  using Result = absl::StatusOr<std::string>;
  const absl::StatusOr<std::string> secret = accounts_.IdentitySecret(workspace);
  if (!secret.ok()) co_return secret.status();
  const std::string owner_key = BlobOwnerKey(*secret, owner);
  const absl::Duration began = clock_.Monotonic();
  // Everything that the worker uses lives in this frame, which waits for it.
  Result result = co_await platform::AwaitCallback<Result>([&](std::function<void(Result)> done) {
    const bool submitted =
        workers_.Submit([&, done] { done(store_.Put(workspace, owner_key, bytes, content_type)); });
    if (!submitted) done(WorkersFull());
  });
  seconds_.Observe(absl::ToDoubleSeconds(clock_.Monotonic() - began));
  co_return result;
}

platform::Awaitable<absl::StatusOr<platform::Blob>> RawArchive::Get(std::string reference,
                                                                    size_t bytes_max) {
  using Result = absl::StatusOr<platform::Blob>;
  co_return co_await platform::AwaitCallback<Result>([&](std::function<void(Result)> done) {
    const bool submitted = workers_.Submit([&, done] { done(store_.Get(reference, bytes_max)); });
    if (!submitted) done(WorkersFull());
  });
}

platform::Awaitable<absl::Status> RawArchive::Delete(std::string reference) {
  co_return co_await platform::AwaitCallback<absl::Status>(
      [&](std::function<void(absl::Status)> done) {
        const bool submitted = workers_.Submit([&, done] { done(store_.Delete(reference)); });
        if (!submitted) done(WorkersFull());
      });
}

}  // namespace trama::channels
