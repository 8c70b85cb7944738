#include "services/platform/http/media.h"

#include <algorithm>
#include <array>
#include <exception>
#include <future>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/co_spawn.hpp"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"
#include "services/platform/http/http_client.h"
#include "services/platform/http/http_exchange.h"
#include "services/platform/net/steady_time.h"

namespace trama::platform {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kMediaLostAfter(10);

struct Signature {
  size_t offset;
  std::string_view bytes;
  std::string_view type;
};

// WHATWG MIME Sniffing, the IANA registrations and the formats' own documents.
constexpr std::array<Signature, 17> kSignatures = {{
    {0, "\xFF\xD8\xFF", "image/jpeg"},
    {0, "\x89PNG\r\n\x1A\n", "image/png"},
    {0, "GIF87a", "image/gif"},
    {0, "GIF89a", "image/gif"},
    {0, "%PDF-", "application/pdf"},
    {0, "OggS", "audio/ogg"},
    {0, "#!AMR-WB\n", "audio/amr-wb"},
    {0, "#!AMR\n", "audio/amr"},
    {0, "fLaC", "audio/flac"},
    {0, "ID3", "audio/mpeg"},
    {0, "\xFF\xFB", "audio/mpeg"},
    {0, "\xFF\xF3", "audio/mpeg"},
    {0, "\xFF\xF2", "audio/mpeg"},
    {0, "\xFF\xF1", "audio/aac"},
    {0, "\xFF\xF9", "audio/aac"},
    {0, "\x1A\x45\xDF\xA3", "video/webm"},
    {4, "ftypqt  ", "video/quicktime"},
}};

bool HasAt(std::string_view bytes, size_t offset, std::string_view wanted) {
  return bytes.size() >= offset && bytes.substr(offset, wanted.size()) == wanted;
}

// ISO base media files tell by their brand what they are.
std::string_view SniffIsoMedia(std::string_view bytes) {
  const std::string_view brand = bytes.substr(std::min<size_t>(8, bytes.size()), 4);
  if (brand == "heic" || brand == "heix" || brand == "mif1" || brand == "heim") return "image/heic";
  if (brand == "M4A " || brand == "M4B ") return "audio/mp4";
  if (brand.substr(0, 3) == "3gp" || brand.substr(0, 3) == "3g2") return "video/3gpp";
  return "video/mp4";
}

std::string DeclaredType(const HttpHeaders& headers) {
  const std::string_view value = headers.Get("Content-Type");
  std::string type(value.substr(0, value.find(';')));
  absl::StripAsciiWhitespace(&type);
  absl::AsciiStrToLower(&type);
  return type;
}

absl::Status StatusError(const Url& url, int status) {
  const std::string text = absl::StrCat("host ", url.host, " answered ", status);
  if (status == 401 || status == 403) return absl::PermissionDeniedError(text);
  if (status == 404 || status == 410) return absl::NotFoundError(text);
  if (status == 408 || status == 425 || status == 429 || status >= 500) {
    return absl::UnavailableError(text);
  }
  return absl::InvalidArgumentError(text);
}

}  // namespace

std::string_view SniffMediaType(std::string_view bytes) {
  if (HasAt(bytes, 0, "RIFF") && HasAt(bytes, 8, "WEBP")) return "image/webp";
  if (HasAt(bytes, 0, "RIFF") && HasAt(bytes, 8, "WAVE")) return "audio/wav";
  for (const Signature& signature : kSignatures) {
    if (HasAt(bytes, signature.offset, signature.bytes)) return signature.type;
  }
  if (HasAt(bytes, 4, "ftyp")) return SniffIsoMedia(bytes);
  return {};
}

class MediaFetcher::Core {
 public:
  Core(asio::io_context& io, SsrfGuard guard, MediaLimits limits,
       std::unique_ptr<HttpClient> client)
      : io_(io), guard_(std::move(guard)), limits_(limits), client_(std::move(client)) {}

  asio::io_context& io() { return io_; }
  const MediaLimits& limits() const { return limits_; }

  static Awaitable<absl::StatusOr<Media>> Fetch(std::shared_ptr<Core> core, std::string url,
                                                HttpHeaders headers) {
    HttpClientRequest request;
    const absl::StatusOr<Url> parsed = ParseUrl(url);
    if (!parsed.ok()) co_return parsed.status();
    request.url = *parsed;
    request.headers = std::move(headers);
    const absl::Time until = absl::Now() + core->limits_.timeout;
    for (int hop = 0; hop <= core->limits_.redirects_max; ++hop) {
      const absl::Status allowed = core->guard_.CheckUrl(request.url);
      if (!allowed.ok()) co_return allowed;
      request.timeout = std::max(until - absl::Now(), absl::Milliseconds(1));
      HttpOutcome outcome = co_await core->client_->Send(request);
      // A file is only read, so "not sent" and "no answer" are the same.
      if (outcome.kind != HttpOutcomeKind::kResponse) co_return outcome.error;
      std::optional<HttpClientRequest> next = NextHop(request, outcome.response);
      if (!next.has_value()) co_return Judge(request.url, std::move(outcome.response));
      request = *std::move(next);
    }
    co_return absl::InvalidArgumentError(absl::StrCat(
        "host ", parsed->host, " redirects more than ", core->limits_.redirects_max, " times"));
  }

 private:
  static absl::StatusOr<Media> Judge(const Url& url, HttpResponse response) {
    if (response.status != 200) return StatusError(url, response.status);
    Media media;
    media.declared_type = DeclaredType(response.headers);
    media.bytes = std::move(response.body);
    const std::string_view shown = SniffMediaType(media.bytes);
    media.content_type = shown.empty() ? "application/octet-stream" : std::string(shown);
    return media;
  }

  asio::io_context& io_;
  const SsrfGuard guard_;
  const MediaLimits limits_;
  const std::unique_ptr<HttpClient> client_;
};

absl::StatusOr<std::unique_ptr<MediaFetcher>> MediaFetcher::Create(asio::io_context& io,
                                                                   SsrfGuardOptions guard_options,
                                                                   MediaLimits limits,
                                                                   TlsClientOptions tls) {
  SsrfGuard guard(std::move(guard_options));
  HttpClientOptions options;
  options.total_timeout = limits.timeout;
  options.body_bytes_max = limits.bytes_max;
  options.address_policy = guard.Policy();
  options.tls = std::move(tls);
  absl::StatusOr<std::unique_ptr<HttpClient>> client = HttpClient::Create(io, std::move(options));
  if (!client.ok()) return client.status();
  auto core = std::make_shared<Core>(io, std::move(guard), limits, *std::move(client));
  return std::unique_ptr<MediaFetcher>(new MediaFetcher(std::move(core)));
}

MediaFetcher::MediaFetcher(std::shared_ptr<Core> core) : core_(std::move(core)) {}
MediaFetcher::~MediaFetcher() = default;

Awaitable<absl::StatusOr<Media>> MediaFetcher::Fetch(std::string url, HttpHeaders headers) {
  return Core::Fetch(core_, std::move(url), std::move(headers));
}

absl::StatusOr<Media> MediaFetcher::FetchBlocking(const std::string& url,
                                                  const HttpHeaders& headers) {
  TRAMA_CHECK(!core_->io().get_executor().running_in_this_thread());
  const auto limit = ToSteady(core_->limits().timeout) + kMediaLostAfter;
  const auto answer = std::make_shared<std::promise<absl::StatusOr<Media>>>();
  std::future<absl::StatusOr<Media>> waiting = answer->get_future();
  asio::co_spawn(core_->io(), Core::Fetch(core_, url, headers),
                 [answer](const std::exception_ptr& failed, absl::StatusOr<Media> media) {
                   answer->set_value(failed == nullptr ? std::move(media)
                                                       : absl::InternalError("out of memory"));
                 });
  if (waiting.wait_for(limit) != std::future_status::ready) {
    return absl::InternalError("the threads of the media fetcher have stopped");
  }
  return waiting.get();
}

}  // namespace trama::platform
