#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "services/platform/base/worker_pool.h"
#include "services/platform/blob/blob_store.h"
#include "trama/routing/v1/routing_service.pb.h"

namespace trama::routing {

// Files of one reply together, and one file's name.
inline constexpr size_t kReplyFilesBytesMax = 10 * 1024 * 1024;
inline constexpr size_t kFileNameBytesMax = 255;

// Puts the bytes of a reply's files into the blob store, on `workers`, and gives the request with
// references in their place; the engine never sees bytes. The same file of the same conversation is
// the same reference, so a repeated command is the same message.
void KeepReplyFiles(platform::BlobStore& blobs, platform::WorkerPool& workers,
                    const v1::ReplyRequest& request,
                    std::function<void(absl::StatusOr<v1::ReplyRequest>)> done);

}  // namespace trama::routing
