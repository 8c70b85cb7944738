#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "boost/asio/ssl/context.hpp"

namespace trama::platform {

// Files in PEM. A server shows `certificate_file`; with `client_ca_file` it also demands a client
// certificate that one of these authorities has signed.
struct TlsServerOptions {
  std::string certificate_file;  // The chain, own certificate first.
  std::string key_file;
  std::string client_ca_file;  // Empty: clients need no certificate.
};

// A client always verifies chain and host name; there is no switch to turn that off.
struct TlsClientOptions {
  std::string ca_file;           // Empty: the authorities that the system trusts.
  std::string certificate_file;  // Empty: no client certificate.
  std::string key_file;
};

using TlsContext = boost::asio::ssl::context;

// TLS 1.2 or newer. INVALID_ARGUMENT names the file that could not be used, and why.
absl::StatusOr<std::shared_ptr<TlsContext>> MakeServerTls(const TlsServerOptions& options);
absl::StatusOr<std::shared_ptr<TlsContext>> MakeClientTls(const TlsClientOptions& options);

}  // namespace trama::platform
