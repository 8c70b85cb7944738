#pragma once

#include "absl/time/time.h"
#include "services/platform/http/http_client.h"
#include "services/platform/net/stream.h"

namespace trama::platform {

// One request and its answer on an open connection.
struct HttpExchange {
  HttpOutcome outcome;
  bool reusable = false;      // The connection can serve another request.
  bool answer_began = false;  // At least one byte came back.
};

// Sends `request` and reads the answer, until `until` at the latest. Runs on the stream's strand;
// the references must live as long as the wait.
Awaitable<HttpExchange> Exchange(Stream& stream, const HttpClientRequest& request,
                                 const HttpClientOptions& options, absl::Time until);

// INVALID_ARGUMENT if method, target or a header cannot stand in a request.
absl::Status CheckRequest(const HttpClientRequest& request);

// GET and HEAD: the request that a redirect asks for; none if the answer is no redirect, or one
// that must not be followed (another scheme than http and https, from https to http).
std::optional<HttpClientRequest> NextHop(const HttpClientRequest& request,
                                         const HttpResponse& response);

}  // namespace trama::platform
