#include "services/platform/grpc/tls.h"

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/platform/base/common_flags.h"

namespace trama::platform {
namespace {

constexpr size_t kPemBytesMax = 1 << 20;

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

struct Pems {
  std::string cert;
  std::string key;
  std::string ca;
};

absl::StatusOr<Pems> ReadPems(const GrpcTls& tls) {
  absl::StatusOr<std::string> cert = ReadPem(tls.cert_file);
  if (!cert.ok()) return cert.status();
  absl::StatusOr<std::string> key = ReadPem(tls.key_file);
  if (!key.ok()) return key.status();
  absl::StatusOr<std::string> ca = ReadPem(tls.ca_file);
  if (!ca.ok()) return ca.status();
  if (cert->empty() != key->empty()) {
    return absl::InvalidArgumentError("TLS needs a certificate and its key, or neither");
  }
  return Pems{*std::move(cert), *std::move(key), *std::move(ca)};
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
  absl::StatusOr<Pems> pems = ReadPems(tls);
  if (!pems.ok()) return pems.status();
  grpc::SslServerCredentialsOptions options(
      tls.require_client_cert ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                              : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  options.pem_key_cert_pairs.push_back({pems->key, pems->cert});
  options.pem_root_certs = pems->ca;
  return grpc::SslServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentialsOf(const GrpcTls& tls) {
  if (!tls.enabled()) return grpc::InsecureChannelCredentials();
  absl::StatusOr<Pems> pems = ReadPems(tls);
  if (!pems.ok()) return pems.status();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = pems->ca;
  options.pem_cert_chain = pems->cert;
  options.pem_private_key = pems->key;
  return grpc::SslCredentials(options);
}

}  // namespace trama::platform
