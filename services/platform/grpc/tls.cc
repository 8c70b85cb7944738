#include "services/platform/grpc/tls.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "services/platform/base/common_flags.h"

namespace trama::platform {
namespace {

using grpc::experimental::FileWatcherCertificateProvider;
using grpc::experimental::TlsChannelCredentialsOptions;
using grpc::experimental::TlsServerCredentialsOptions;

constexpr size_t kPemBytesMax = 1 << 20;
// Replaced files are used for new connections after this time at the latest.
constexpr unsigned kLookEverySeconds = 2;

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* thing) const {
    kFree(thing);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

// Empty for an empty path.
absl::StatusOr<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return std::string();
  absl::StatusOr<std::string> content = ReadSmallFile(path, kPemBytesMax);
  if (!content.ok()) return content.status();
  if (!absl::StrContains(*content, "-----BEGIN ")) {
    return absl::InvalidArgumentError(
        absl::StrCat("file ", path, " is not PEM: it has no line -----BEGIN …-----"));
  }
  return content;
}

// gRPC would listen with a key that is another certificate's, and every handshake would fail.
absl::Status CheckPair(const GrpcTls& tls, const std::string& cert, const std::string& key) {
  const Bio cert_text(BIO_new_mem_buf(cert.data(), static_cast<int>(cert.size())));
  const Bio key_text(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
  const Certificate certificate(PEM_read_bio_X509(cert_text.get(), nullptr, nullptr, nullptr));
  const Key private_key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("file ", tls.cert_file, " has no certificate"));
  }
  if (private_key == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("file ", tls.key_file, " has no private key without a passphrase"));
  }
  if (X509_check_private_key(certificate.get(), private_key.get()) == 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the key in ", tls.key_file, " is not that of the certificate in ", tls.cert_file));
}

// What is wrong with the files as they are now; later ones are only logged by gRPC.
absl::Status CheckFiles(const GrpcTls& tls) {
  absl::StatusOr<std::string> cert = ReadPem(tls.cert_file);
  if (!cert.ok()) return cert.status();
  absl::StatusOr<std::string> key = ReadPem(tls.key_file);
  if (!key.ok()) return key.status();
  absl::StatusOr<std::string> ca = ReadPem(tls.ca_file);
  if (!ca.ok()) return ca.status();
  if (cert->empty() != key->empty()) {
    return absl::InvalidArgumentError("TLS needs a certificate and its key, or neither");
  }
  return cert->empty() ? absl::OkStatus() : CheckPair(tls, *cert, *key);
}

// Reads the files again and again.
std::shared_ptr<FileWatcherCertificateProvider> Watch(const GrpcTls& tls) {
  return std::make_shared<FileWatcherCertificateProvider>(tls.key_file, tls.cert_file, tls.ca_file,
                                                          kLookEverySeconds);
}

}  // namespace

GrpcTls GrpcTlsFromFlags() {
  return {.cert_file = absl::GetFlag(FLAGS_tls_cert_file),
          .key_file = absl::GetFlag(FLAGS_tls_key_file),
          .ca_file = absl::GetFlag(FLAGS_tls_ca_file),
          .require_client_cert = absl::GetFlag(FLAGS_tls_require_client_cert)};
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsOf(const GrpcTls& tls) {
  if (tls.cert_file.empty()) return grpc::InsecureServerCredentials();
  if (absl::Status usable = CheckFiles(tls); !usable.ok()) return usable;
  TlsServerCredentialsOptions options(Watch(tls));
  options.watch_identity_key_cert_pairs();
  if (tls.require_client_cert) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentialsOf(const GrpcTls& tls) {
  if (!tls.enabled()) return grpc::InsecureChannelCredentials();
  if (absl::Status usable = CheckFiles(tls); !usable.ok()) return usable;
  TlsChannelCredentialsOptions options;
  if (!tls.ca_file.empty() || !tls.cert_file.empty()) options.set_certificate_provider(Watch(tls));
  // Without, gRPC trusts the system's authorities.
  if (!tls.ca_file.empty()) options.watch_root_certs();
  if (!tls.cert_file.empty()) options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace trama::platform
