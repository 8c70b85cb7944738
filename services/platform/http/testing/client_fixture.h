#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/platform/http/http_client.h"
#include "services/platform/http/testing/server_fixture.h"

namespace trama::platform {

// An HttpClient on the threads of a ServerFixture.
class ClientFixture : public ServerFixture {
 protected:
  void Make(HttpClientOptions options = {}) {
    auto client = HttpClient::Create(io_.context(), std::move(options));
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }

  static HttpClientRequest Request(std::string_view method, uint16_t port,
                                   std::string_view path = "/", std::string body = "") {
    HttpClientRequest request;
    request.method = std::string(method);
    request.url.scheme = "http";
    request.url.host = "127.0.0.1";
    request.url.port = port;
    request.url.path = std::string(path);
    request.body = std::move(body);
    return request;
  }

  std::unique_ptr<HttpClient> client_;
};

// "response 200", "ambiguous 0", "not_sent 0".
inline std::string Named(const HttpOutcome& outcome) {
  return absl::StrCat(std::string(HttpOutcomeName(outcome.kind)), " ", outcome.response.status);
}

}  // namespace trama::platform
