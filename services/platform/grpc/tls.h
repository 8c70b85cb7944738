#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"

namespace trama::platform {

// Files in PEM; renewed ones are used for new connections within seconds. All empty: no TLS.
struct GrpcTls {
  std::string cert_file;  // Own certificate chain; a server needs it, a client shows it (mTLS).
  std::string key_file;
  std::string ca_file;               // Whom to trust. Client: empty = the system's authorities.
  bool require_client_cert = false;  // Server only.
  bool client = false;               // Client only: use TLS although it has no certificate.

  bool enabled() const { return client || !cert_file.empty() || !ca_file.empty(); }
};

// The settings --tls_*.
GrpcTls GrpcTlsFromFlags();

// INVALID_ARGUMENT or NOT_FOUND, naming the file.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsOf(const GrpcTls& tls);
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentialsOf(const GrpcTls& tls);

}  // namespace trama::platform
