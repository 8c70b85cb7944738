#include "services/channels/whatsapp/graph_client.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace trama::whatsapp {

namespace {

constexpr char kUserAgent[] = "trama-whatsapp";

}  // namespace

platform::Awaitable<platform::HttpOutcome> CallGraph(platform::HttpClient& http,
                                                     VendorRequest request, std::string token,
                                                     std::string traceparent,
                                                     absl::Duration timeout) {
  absl::StatusOr<platform::Url> url = platform::ParseUrl(request.url);
  if (!url.ok()) {
    platform::HttpOutcome outcome;
    outcome.error = url.status();
    co_return outcome;
  }
  platform::HttpClientRequest call;
  call.method = std::move(request.method);
  call.url = *std::move(url);
  call.body = std::move(request.body);
  call.timeout = timeout;
  call.headers.Set("Accept", "application/json");
  call.headers.Set("User-Agent", kUserAgent);
  const std::string authorization = absl::StrCat("Bearer ", token);
  call.headers.Set("Authorization", authorization);
  if (!request.content_type.empty()) call.headers.Set("Content-Type", request.content_type);
  if (!traceparent.empty()) call.headers.Set("traceparent", traceparent);
  co_return co_await http.Send(std::move(call));
}

}  // namespace trama::whatsapp
