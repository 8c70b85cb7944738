#include "services/profile/file_stream.h"

#include <algorithm>
#include <utility>

namespace trama::profile {

void SendFile(FileStream& stream, const FileOnTimeline& file, platform::BlobStore& blobs) {
  absl::StatusOr<platform::Blob> blob = platform::Blob{file.bytes, ""};
  if (!file.reference.empty()) blob = blobs.Get(file.reference, platform::kBlobBytesMax);
  if (!blob.ok()) return stream.Finish(blob.status());
  v1::ReadFileResponse chunk;
  *chunk.mutable_media() = file.media;
  chunk.mutable_media()->set_size_bytes(static_cast<int64_t>(blob->bytes.size()));
  if (chunk.media().content_type().empty()) {
    chunk.mutable_media()->set_content_type(blob->content_type);
  }
  size_t sent = 0;
  do {
    const size_t size = std::min(kChunkBytesMax, blob->bytes.size() - sent);
    chunk.set_data(blob->bytes.substr(sent, size));
    sent += size;
    if (!stream.SendBlocking(std::exchange(chunk, {}), kChunkWaitMax)) {
      return stream.Finish(absl::DeadlineExceededError("the client does not take the file"));
    }
  } while (sent < blob->bytes.size());
  stream.Finish(absl::OkStatus());
}

}  // namespace trama::profile
