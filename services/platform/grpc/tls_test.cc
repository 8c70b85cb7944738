#include "services/platform/grpc/tls.h"

#include <openssl/ssl.h>

#include <memory>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/base/testing/stderr_watch.h"
#include "services/platform/grpc/testing/scripted_service.h"
#include "services/platform/net/testing/test_certificates.h"

// Server and clients over TLS.
namespace trama::platform {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kWaitMax = absl::Seconds(30);

class TlsTest : public ScriptedServiceTest {
 protected:
  GrpcTls ServerTls(bool require_client_cert) const {
    return {.cert_file = files_.certificate_file(),
            .key_file = files_.key_file(),
            .ca_file = files_.ca_file(),
            .require_client_cert = require_client_cert};
  }
  void ServeTls(bool require_client_cert) {
    Serve({}, 2, 100, {.tls = ServerTls(require_client_cert)});
  }
  void ConnectWith(const GrpcTls& tls) {
    ana_ = fixture_->Client("ana", {.tls = tls});
    stub_ = ProfileService::NewStub(ana_->channel());
  }
  absl::Status Answer() { return GetCustomer({.timeout = kWaitMax}).status(); }

  TestCertificates files_;
};

TEST_F(TlsTest, MutualTlsNeedsTheClientsCertificate) {
  ServeTls(/*require_client_cert=*/true);
  ConnectWith(ServerTls(true));
  EXPECT_TRUE(Answer().ok());
  const StderrWatch log;
  ConnectWith({.ca_file = files_.ca_file()});
  EXPECT_EQ(Answer().code(), absl::StatusCode::kUnavailable);
  // Who looks for the reason finds it in the log.
  EXPECT_TRUE(log.Shows("Handshake failed"));
}

TEST_F(TlsTest, ACertificateOfAnotherAuthorityIsRefused) {
  ServeTls(/*require_client_cert=*/true);
  const TestCertificates others;
  ConnectWith({.cert_file = others.certificate_file(),
               .key_file = others.key_file(),
               .ca_file = files_.ca_file()});
  EXPECT_EQ(Answer().code(), absl::StatusCode::kUnavailable);
}

TEST_F(TlsTest, AnExpiredCertificateIsRefused) {
  files_.Renew({.valid_seconds = -60});
  ServeTls(/*require_client_cert=*/false);
  ConnectWith({.ca_file = files_.ca_file()});
  EXPECT_EQ(Answer().code(), absl::StatusCode::kUnavailable);
}

TEST_F(TlsTest, ARenewedCertificateIsUsedWithoutARestart) {
  files_.Renew({.names = "DNS:elsewhere.test"});
  ServeTls(/*require_client_cert=*/false);
  ConnectWith({.ca_file = files_.ca_file()});
  // It is a good certificate of somebody else.
  EXPECT_EQ(Answer().code(), absl::StatusCode::kUnavailable);
  files_.Renew();
  const absl::Time until = absl::Now() + kWaitMax;
  absl::Status status;
  do {
    status = Answer();
  } while (!status.ok() && absl::Now() < until);
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(TlsTest, AKeyOfAnotherCertificateIsAMistakeAtStart) {
  const TestCertificates others;
  GrpcTls tls = ServerTls(false);
  tls.key_file = others.key_file();
  EXPECT_THAT(std::string(ServerCredentialsOf(tls).status().message()),
              HasSubstr("is not that of the certificate"));
}

TEST_F(TlsTest, TlsOlderThanVersion12IsRefused) {
  ServeTls(/*require_client_cert=*/false);
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
        SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
    // Debian's OpenSSL would not even offer the old ones.
    ASSERT_EQ(SSL_CTX_set_cipher_list(context.get(), "DEFAULT:@SECLEVEL=0"), 1);
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> connection(
        BIO_new_ssl_connect(context.get()), &BIO_free_all);
    BIO_set_conn_hostname(connection.get(), fixture_->server().address().c_str());
    EXPECT_EQ(BIO_do_handshake(connection.get()) == 1, version == TLS1_2_VERSION) << version;
  }
}

}  // namespace
}  // namespace trama::platform
