#include <openssl/ssl.h>

#include <string>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/time/clock.h"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/ssl.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/base/testing/stderr_watch.h"
#include "services/platform/http/http_flags.h"
#include "services/platform/http/testing/client_fixture.h"
#include "services/platform/net/reloading_tls.h"
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

TEST_F(HttpTlsTest, AnExpiredCertificateIsNotSent) {
  certificates_.Renew({.valid_seconds = -60});
  StartTls(/*with_client_certificates=*/false);
  Make({.tls = {.ca_file = certificates_.ca_file()}});
  const HttpOutcome outcome = client_->SendBlocking(TlsRequest("POST", "localhost"));
  EXPECT_EQ(Named(outcome), "not_sent 0");
  EXPECT_THAT(std::string(outcome.error.message()), HasSubstr("certificate verify failed"));
}

TEST_F(HttpTlsTest, AnExpiredClientCertificateIsRefusedAndLogged) {
  StartTls(/*with_client_certificates=*/true);
  TestCertificates old({.valid_seconds = -60});
  Make({.tls = {.ca_file = certificates_.ca_file(),
                .certificate_file = old.certificate_file(),
                .key_file = old.key_file()}});
  const StderrWatch log;
  EXPECT_NE(client_->SendBlocking(TlsRequest("GET", "localhost")).kind, HttpOutcomeKind::kResponse);
  EXPECT_TRUE(log.Shows("tls refused"));
}

TEST_F(HttpTlsTest, TlsOlderThanVersion12IsRefused) {
  namespace ssl = boost::asio::ssl;
  StartTls(/*with_client_certificates=*/false);
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
    ssl::context context(ssl::context::tls_client);
    // Debian's OpenSSL would not even offer the old ones.
    ASSERT_EQ(SSL_CTX_set_cipher_list(context.native_handle(), "DEFAULT:@SECLEVEL=0"), 1);
    SSL_CTX_set_min_proto_version(context.native_handle(), version);
    SSL_CTX_set_max_proto_version(context.native_handle(), version);
    boost::asio::io_context io;
    ssl::stream<boost::asio::ip::tcp::socket> stream(io, context);
    stream.next_layer().connect({boost::asio::ip::address_v4::loopback(), server_->port()});
    boost::system::error_code error;
    stream.handshake(ssl::stream_base::client, error);
    EXPECT_EQ(!error, version == TLS1_2_VERSION) << version << ": " << error.message();
  }
}

TEST_F(HttpTlsTest, ARenewedCertificateIsUsedWithoutARestart) {
  certificates_.Renew({.names = "DNS:elsewhere.test"});
  StartTls(/*with_client_certificates=*/false);
  Make({.tls = {.ca_file = certificates_.ca_file()}});
  EXPECT_EQ(Named(client_->SendBlocking(TlsRequest("GET", "localhost"))), "not_sent 0");
  certificates_.Renew();
  const absl::Time until = absl::Now() + absl::Seconds(20);
  std::string answer;
  while (answer != "response 200" && absl::Now() < until) {
    answer = Named(client_->SendBlocking(TlsRequest("GET", "localhost")));
  }
  EXPECT_EQ(answer, "response 200");
}

TEST_F(HttpTlsTest, FilesThatDoNotFitTogetherChangeNothing) {
  StartTls(/*with_client_certificates=*/false);
  certificates_.BreakKey();
  // Each client makes a connection of its own; the last ones come after the next look.
  const absl::Time until = absl::Now() + 2 * kTlsLookEvery;
  do {
    Make({.tls = {.ca_file = certificates_.ca_file()}});
    ASSERT_EQ(Named(client_->SendBlocking(TlsRequest("GET", "localhost"))), "response 200");
  } while (absl::Now() < until);
}

TEST_F(HttpTlsTest, PlainHttpOnATlsPortEndsTheConnectionOnly) {
  StartTls(/*with_client_certificates=*/false);
  Exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  Make({.tls = {.ca_file = certificates_.ca_file()}});
  EXPECT_EQ(Named(client_->SendBlocking(TlsRequest("GET", "localhost"))), "response 200");
}

TEST(HttpTlsFlagsTest, MistakesAreNamedTogether) {
  const absl::FlagSaver saver;
  absl::SetFlag(&FLAGS_http_tls_key_file, "key.pem");
  absl::SetFlag(&FLAGS_http_tls_client_ca_file, "ca.pem");
  Mistakes mistakes;
  CheckHttpTlsFlags(mistakes);
  EXPECT_THAT(mistakes.lines(),
              ::testing::ElementsAre(HasSubstr("--http_tls_cert_file"),
                                     HasSubstr("--http_tls_client_ca_file needs")));
  const TestCertificates files;
  absl::SetFlag(&FLAGS_http_tls_cert_file, files.certificate_file());
  absl::SetFlag(&FLAGS_http_tls_key_file, files.key_file());
  absl::SetFlag(&FLAGS_http_tls_client_ca_file, files.ca_file());
  Mistakes none;
  CheckHttpTlsFlags(none);
  EXPECT_THAT(none.lines(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace trama::platform
