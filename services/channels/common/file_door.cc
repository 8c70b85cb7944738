#include "services/channels/common/file_door.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/channels/common/media_link.h"
#include "services/kernel/strings.h"

namespace trama::channels {

using platform::HttpResponse;

namespace {

constexpr char kFileRetryAfterSeconds[] = "5";

}  // namespace

FileDoor::FileDoor(std::string prefix, size_t bytes_max, const AccountDirectory& accounts,
                   RawArchive& archive, const platform::Clock& clock, LinkSecrets secrets)
    : prefix_(std::move(prefix)),
      bytes_max_(bytes_max),
      accounts_(accounts),
      archive_(archive),
      clock_(clock),
      secrets_(std::move(secrets)) {}

bool FileDoor::IsFile(std::string_view path) const {
  return absl::StartsWith(ToAbsl(path), prefix_) &&
         ReadMediaToken(path.substr(prefix_.size())).ok();
}

platform::Awaitable<HttpResponse> FileDoor::Serve(platform::HttpRequest request) {
  const HttpResponse not_found = HttpResponse::Empty(404);
  if (!accounts_.is_known()) {
    HttpResponse come_again = HttpResponse::Empty(503);
    come_again.headers.Set("Retry-After", kFileRetryAfterSeconds);
    co_return come_again;
  }
  if (!IsFile(request.path)) co_return not_found;
  const std::string_view token = std::string_view(request.path).substr(prefix_.size());
  const absl::StatusOr<MediaLink> link = ReadMediaToken(token);
  if (clock_.Now() > link->expires_at) co_return not_found;
  const std::optional<ChannelAccount> account = accounts_.Find(link->workspace, link->account);
  if (!account.has_value()) co_return not_found;
  bool genuine = false;
  for (const std::string& secret : secrets_(*account)) {
    genuine |= IsMediaTokenSignedBy(accounts_.channel(), token, secret);
  }
  if (!genuine || !absl::StartsWith(link->blob, absl::StrCat(link->workspace, "/"))) {
    co_return not_found;
  }
  absl::StatusOr<platform::Blob> blob = co_await archive_.Get(link->blob, bytes_max_);
  if (!blob.ok()) {
    const bool later = blob.status().code() == absl::StatusCode::kUnavailable;
    co_return HttpResponse::Empty(later ? 503 : 404);
  }
  HttpResponse response;
  response.headers.Set("Content-Type", blob->content_type);
  response.headers.Set("X-Content-Type-Options", "nosniff");
  response.headers.Set("Cache-Control", "private, no-store");
  response.body = std::move(blob->bytes);
  co_return response;
}

}  // namespace trama::channels
