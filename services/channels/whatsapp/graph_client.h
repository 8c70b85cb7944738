#pragma once

#include <string>

#include "absl/time/time.h"
#include "services/channels/whatsapp/send.h"
#include "services/platform/http/http_client.h"
#include "services/platform/net/awaitable.h"

namespace trama::whatsapp {

// One call of the vendor's API, with credentials. A request that cannot be made is kNotSent.
platform::Awaitable<platform::HttpOutcome> CallGraph(platform::HttpClient& http,
                                                     VendorRequest request, std::string token,
                                                     std::string traceparent,
                                                     absl::Duration timeout);

}  // namespace trama::whatsapp
