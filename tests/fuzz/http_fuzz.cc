// What a client sends to our HTTP server, and what a server answers to our client. Input: which of
// them, with the method of the request; the size of the pieces; the bytes.

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "services/kernel/strings.h"
#include "services/platform/http/http_exchange.h"
#include "services/platform/http/request_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/peer.h"

namespace trama::platform {
namespace {

constexpr size_t kWhole = std::numeric_limits<size_t>::max();
constexpr size_t kTargetBytesMax = 128;
constexpr size_t kHeaderBytesMax = 512;
constexpr size_t kBodyBytesMax = 256;

struct TakenRequest {
  HttpRequest request;
  bool keep_alive = false;
};

// What a connection brings: requests, and the refusal that ends them (0: the client left).
struct Taken {
  std::vector<TakenRequest> requests;
  int refusal = 0;
};

Awaitable<RequestPart> ReadHead(RequestReader& reader) {
  std::optional<RequestPart> head = reader.HeadAtHand();
  if (head.has_value()) co_return *std::move(head);
  co_return co_await reader.ReadHead();
}

Awaitable<RequestPart> ReadBody(RequestReader& reader) {
  std::optional<RequestPart> body = reader.BodyAtHand(kBodyBytesMax);
  if (body.has_value()) co_return *std::move(body);
  co_return co_await reader.ReadBody(kBodyBytesMax);
}

// As the server reads.
Awaitable<Taken> TakeAll(Stream stream) {
  const HttpServerOptions options{.target_bytes_max = kTargetBytesMax,
                                  .header_bytes_max = kHeaderBytesMax};
  RequestReader reader(stream, options);
  Taken taken;
  while (true) {
    RequestPart part = co_await reader.WaitForRequest();
    if (part.end == RequestPart::End::kWhole) part = co_await ReadHead(reader);
    if (part.end == RequestPart::End::kWhole) part = co_await ReadBody(reader);
    if (part.end != RequestPart::End::kWhole) {
      taken.refusal = part.status;
      co_return taken;
    }
    TakenRequest& next = taken.requests.emplace_back();
    next.request = std::move(reader.request());
    next.request.body = reader.TakeBody();
    next.keep_alive = reader.keep_alive();
    if (!next.keep_alive) co_return taken;
  }
}

Taken Serve(std::string_view bytes, size_t piece) {
  fuzz::Peer peer(bytes, piece);
  return peer.Run(TakeAll(peer.TakeStream()));
}

void CheckRequest(const HttpRequest& request) {
  TRAMA_CHECK(request.target.size() <= kTargetBytesMax);
  TRAMA_CHECK(request.body.size() <= kBodyBytesMax);
  TRAMA_CHECK(request.path == "*" || request.path.starts_with('/'));
  size_t header_bytes = request.method.size() + request.target.size();
  for (const auto& [name, value] : request.headers.fields()) {
    TRAMA_CHECK(IsValidHeaderField(name, value));
    header_bytes += name.size() + value.size();
  }
  TRAMA_CHECK(header_bytes <= kHeaderBytesMax);
  // Two servers in a row may not understand two different bodies.
  const bool chunked = request.headers.Has("Transfer-Encoding");
  const size_t lengths = request.headers.Count("Content-Length");
  TRAMA_CHECK(lengths <= (chunked ? 0 : 1));
  if (lengths == 1) {
    TRAMA_CHECK(request.headers.Get("Content-Length") == std::to_string(request.body.size()));
  } else if (!chunked) {
    TRAMA_CHECK(request.body.empty());
  }
}

bool IsSame(const TakenRequest& a, const TakenRequest& b) {
  return a.request.method == b.request.method && a.request.target == b.request.target &&
         a.request.path == b.request.path && a.request.query == b.request.query &&
         a.request.headers.fields() == b.request.headers.fields() &&
         a.request.body == b.request.body && a.keep_alive == b.keep_alive;
}

void CheckServer(std::string_view bytes, size_t piece) {
  const Taken whole = Serve(bytes, kWhole);
  const Taken pieces = Serve(bytes, piece);
  for (const TakenRequest& taken : whole.requests) CheckRequest(taken.request);
  // A client that leaves in the middle of nonsense may hear of it or not.
  const bool one_is_gone = whole.refusal == 0 || pieces.refusal == 0;
  TRAMA_CHECK(one_is_gone || whole.refusal == pieces.refusal);
  TRAMA_CHECK(std::equal(whole.requests.begin(), whole.requests.end(), pieces.requests.begin(),
                         pieces.requests.end(), IsSame));
}

HttpOutcome Ask(const HttpClientRequest& request, std::string_view bytes, size_t piece) {
  static const HttpClientOptions& options =
      *new HttpClientOptions{.header_bytes_max = kHeaderBytesMax, .body_bytes_max = kBodyBytesMax};
  fuzz::Peer peer(bytes, piece);
  Stream stream = peer.TakeStream();
  return peer.Run(Exchange(stream, request, options, absl::Now() + absl::Minutes(1))).outcome;
}

void CheckNextHop(const HttpClientRequest& request, const HttpResponse& response) {
  const std::optional<HttpClientRequest> next = NextHop(request, response);
  if (!next.has_value()) return;
  TRAMA_CHECK(next->url.scheme == "https");
  TRAMA_CHECK(CheckRequest(*next).ok());
  TRAMA_CHECK(next->headers.Has("Authorization") == (next->url.Origin() == request.url.Origin()));
}

void CheckClient(std::string_view method, std::string_view bytes, size_t piece) {
  HttpClientRequest request;
  request.method = std::string(method);
  request.url = *ParseUrl("https://vendor.test/messages?page=1");
  request.headers = {{"Authorization", "Bearer token"}, {"Accept", "application/json"}};
  const HttpOutcome whole = Ask(request, bytes, kWhole);
  const HttpOutcome pieces = Ask(request, bytes, piece);
  TRAMA_CHECK(whole.kind != HttpOutcomeKind::kNotSent);
  TRAMA_CHECK(whole.kind == pieces.kind && whole.error.code() == pieces.error.code());
  TRAMA_CHECK(whole.error.ok() == (whole.kind == HttpOutcomeKind::kResponse));
  TRAMA_CHECK(!absl::StrContains(whole.error.message(), "page=1"));
  const HttpResponse& response = whole.response;
  TRAMA_CHECK(response.status == pieces.response.status);
  TRAMA_CHECK(response.headers.fields() == pieces.response.headers.fields());
  TRAMA_CHECK(response.body == pieces.response.body);
  TRAMA_CHECK(response.body.size() <= kBodyBytesMax);
  if (method == "HEAD") TRAMA_CHECK(response.body.empty());
  if (whole.kind == HttpOutcomeKind::kResponse) CheckNextHop(request, response);
}

}  // namespace
}  // namespace trama::platform

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  if (size < 2) return 0;
  const size_t piece = 1 + data[1] % 64;
  const std::string_view bytes = fuzz::Text(data + 2, size - 2);
  constexpr std::array<std::string_view, 3> kMethods = {"GET", "HEAD", "POST"};
  if (data[0] % 4 == 3) {
    platform::CheckServer(bytes, piece);
  } else {
    platform::CheckClient(kMethods[data[0] % 4], bytes, piece);
  }
  return 0;
}
