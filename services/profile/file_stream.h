#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "services/platform/blob/blob_store.h"
#include "services/platform/grpc/stream.h"
#include "services/profile/profile_reads.h"
#include "trama/profile/v1/profile_service.pb.h"

namespace trama::profile {

inline constexpr size_t kChunkBytesMax = 64 << 10;
inline constexpr size_t kChunksQueuedMax = 4;
// How long a client may take over one chunk before it is given up.
inline constexpr absl::Duration kChunkWaitMax = absl::Seconds(30);

using FileStream = platform::ServerStream<v1::ReadFileResponse>;

// Sends the file and ends the stream. Blocks on the client and, unless the row held the file, on
// the blob store.
void SendFile(FileStream& stream, const FileOnTimeline& file, platform::BlobStore& blobs);

}  // namespace trama::profile
