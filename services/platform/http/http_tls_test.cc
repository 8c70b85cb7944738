#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/http/testing/client_fixture.h"
#include "services/platform/net/testing/test_certificates.h"

// Client and server over TLS.
namespace trama::platform {
namespace {

using ::testing::HasSubstr;

class HttpTlsTest : public ClientFixture {
 protected:
  void StartTls(bool with_client_certificates) {
    TlsServerOptions tls{certificates_.certificate_file(), certificates_.key_file(), ""};
    if (with_client_certificates) tls.client_ca_file = certificates_.ca_file();
    Start({.tls = tls});
  }
  HttpClientRequest TlsRequest(std::string_view method, std::string_view host) {
    HttpClientRequest request = Request(method, server_->port(), "/hello");
    if (method == "POST") request.url.path = "/echo";
    request.url.scheme = "https";
    request.url.host = std::string(host);
    request.body = method == "POST" ? "body" : "";
    return request;
  }

  TestCertificates certificates_;
};

TEST_F(HttpTlsTest, VerifiedConnectionsWorkByNameAndByAddress) {
  StartTls(/*with_client_certificates=*/false);
  Make({.tls = {.ca_file = certificates_.ca_file()}});
  for (const char* host : {"localhost", "127.0.0.1"}) {
    for (const char* method : {"POST", "GET", "GET"}) {
      const HttpOutcome outcome = client_->SendBlocking(TlsRequest(method, host));
      EXPECT_EQ(Named(outcome), "response 200") << host << outcome.error;
    }
  }
}

TEST_F(HttpTlsTest, AnUnknownAuthorityIsNotSent) {
  StartTls(/*with_client_certificates=*/false);
  Make();
  const HttpOutcome outcome = client_->SendBlocking(TlsRequest("POST", "localhost"));
  EXPECT_EQ(Named(outcome), "not_sent 0");
  EXPECT_THAT(std::string(outcome.error.message()), HasSubstr("certificate verify failed"));
}

TEST_F(HttpTlsTest, ACertificateForAnotherNameIsNotSent) {
  StartTls(/*with_client_certificates=*/false);
  Make({.tls = {.ca_file = certificates_.ca_file()}});
  EXPECT_EQ(Named(client_->SendBlocking(TlsRequest("POST", "127.0.0.2"))), "not_sent 0");
}

TEST_F(HttpTlsTest, ClientCertificatesAreDemandedWhenConfigured) {
  StartTls(/*with_client_certificates=*/true);
  Make({.tls = {.ca_file = certificates_.ca_file()}});
  EXPECT_NE(client_->SendBlocking(TlsRequest("GET", "localhost")).kind, HttpOutcomeKind::kResponse);
  Make({.tls = {.ca_file = certificates_.ca_file(),
                .certificate_file = certificates_.certificate_file(),
                .key_file = certificates_.key_file()}});
  EXPECT_EQ(Named(client_->SendBlocking(TlsRequest("GET", "localhost"))), "response 200");
}

TEST_F(HttpTlsTest, PlainHttpOnATlsPortEndsTheConnectionOnly) {
  StartTls(/*with_client_certificates=*/false);
  Exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  Make({.tls = {.ca_file = certificates_.ca_file()}});
  EXPECT_EQ(Named(client_->SendBlocking(TlsRequest("GET", "localhost"))), "response 200");
}

}  // namespace
}  // namespace trama::platform
