#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/channels/common/account_directory.h"
#include "services/platform/base/clock.h"
#include "services/platform/base/metrics.h"
#include "services/platform/base/worker_pool.h"
#include "services/platform/blob/blob_store.h"
#include "services/platform/net/awaitable.h"
#include "trama/types/v1/types.pb.h"

namespace trama::channels {

// Keeps files and raw originals in the blob store, on worker threads.
//
// Threads: safe from any. Everything that it is given must outlive every call.
class RawArchive {
 public:
  RawArchive(platform::BlobStore& store, platform::WorkerPool& workers,
             const AccountDirectory& accounts, const platform::Clock& clock,
             platform::Metrics& metrics);

  // FAILED_PRECONDITION: the workspace has no identity secret that can be read. Nobody could tell
  // then whose an interaction is, so it must not come in.
  absl::Status CheckIdentity(const std::string& workspace) const;

  // The blob's reference. The blob belongs to `owner`, an identifier of a customer. UNAVAILABLE:
  // the store does not work, or too much waits for it. RESOURCE_EXHAUSTED: it is full. Either way
  // the vendor must come again. FAILED_PRECONDITION: see CheckIdentity.
  platform::Awaitable<absl::StatusOr<std::string>> Put(std::string workspace,
                                                       types::v1::Identifier owner,
                                                       std::string bytes, std::string content_type);

  // As BlobStore::Get; UNAVAILABLE also when too much waits.
  platform::Awaitable<absl::StatusOr<platform::Blob>> Get(std::string reference, size_t bytes_max);

  // As BlobStore::Delete; UNAVAILABLE also when too much waits.
  platform::Awaitable<absl::Status> Delete(std::string reference);

 private:
  platform::BlobStore& store_;
  platform::WorkerPool& workers_;
  const AccountDirectory& accounts_;
  const platform::Clock& clock_;
  prometheus::Histogram& seconds_;
};

}  // namespace trama::channels
