#include "services/routing/reply_files.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/digest.h"
#include "services/kernel/errors.h"
#include "services/kernel/text.h"

namespace trama::routing {
namespace {

std::string SafeName(const std::string& name) {
  const size_t slash = name.find_last_of("/\\");
  const std::string bare = slash == std::string::npos ? name : name.substr(slash + 1);
  return std::string(TruncateUtf8(bare, kFileNameBytesMax));
}

absl::Status CheckFiles(const v1::ReplyRequest& request) {
  size_t bytes = 0;
  for (const v1::ReplyPart& part : request.parts()) bytes += part.file().data().size();
  if (bytes > kReplyFilesBytesMax) {
    return InvalidField(
        "parts", "",
        absl::StrCat("hold ", bytes, " bytes of files; the limit is ", kReplyFilesBytesMax));
  }
  // The owner of the files within the workspace; without it there is none.
  if (request.conversation_id().empty()) {
    return InvalidField("conversation_id", "", "is missing");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::ReplyRequest> Keep(platform::BlobStore& blobs, v1::ReplyRequest request) {
  for (v1::ReplyPart& part : *request.mutable_parts()) {
    if (!part.has_file()) continue;
    const v1::File file = part.file();
    absl::StatusOr<std::string> blob =
        blobs.Put(request.workspace(), request.conversation_id(), file.data(), file.content_type());
    if (!blob.ok()) return blob.status();
    types::v1::Media& media = *part.mutable_media();
    media.set_blob(*std::move(blob));
    media.set_file_name(SafeName(file.file_name()));
    media.set_content_type(file.content_type());
    media.set_size_bytes(static_cast<int64_t>(file.data().size()));
    media.set_sha256(HexSha256(file.data()));
  }
  return request;
}

}  // namespace

void KeepReplyFiles(platform::BlobStore& blobs, platform::WorkerPool& workers,
                    const v1::ReplyRequest& request,
                    std::function<void(absl::StatusOr<v1::ReplyRequest>)> done) {
  bool has_files = false;
  for (const v1::ReplyPart& part : request.parts()) has_files = has_files || part.has_file();
  if (!has_files) return done(request);
  if (absl::Status checked = CheckFiles(request); !checked.ok()) return done(checked);
  const bool queued = workers.Submit([&blobs, request, done] { done(Keep(blobs, request)); });
  if (!queued) done(absl::ResourceExhaustedError("too many files at once; come again"));
}

}  // namespace trama::routing
