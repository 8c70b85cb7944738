#include "services/platform/net/tls.h"

#include <openssl/ssl.h>

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "boost/system/error_code.hpp"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

namespace ssl = boost::asio::ssl;

absl::Status Refused(std::string_view what, const std::string& file,
                     const boost::system::error_code& error) {
  return absl::InvalidArgumentError(
      absl::StrCat("cannot use ", ToAbsl(what), " \"", file, "\": ", error.message()));
}

absl::StatusOr<std::shared_ptr<TlsContext>> NewContext(ssl::context::method method) {
  auto context = std::make_shared<TlsContext>(method);
  SSL_CTX* native = context->native_handle();
  if (SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) != 1) {
    return absl::InternalError("this OpenSSL cannot be held to TLS 1.2 or newer");
  }
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  return context;
}

absl::Status UseOwnCertificate(TlsContext& context, const std::string& certificate_file,
                               const std::string& key_file) {
  boost::system::error_code error;
  context.use_certificate_chain_file(certificate_file, error);
  if (error) return Refused("certificate file", certificate_file, error);
  // Also fails when the key is not that of the certificate.
  context.use_private_key_file(key_file, ssl::context::pem, error);
  if (error) return Refused("key file", key_file, error);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<TlsContext>> MakeServerTls(const TlsServerOptions& options) {
  absl::StatusOr<std::shared_ptr<TlsContext>> made = NewContext(ssl::context::tls_server);
  if (!made.ok()) return made;
  TlsContext& context = **made;
  absl::Status used = UseOwnCertificate(context, options.certificate_file, options.key_file);
  if (!used.ok()) return used;
  if (options.client_ca_file.empty()) return made;

  boost::system::error_code error;
  context.load_verify_file(options.client_ca_file, error);
  if (error) return Refused("client CA file", options.client_ca_file, error);
  context.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, error);
  if (error) return Refused("client CA file", options.client_ca_file, error);
  // OpenSSL resumes sessions of verified clients only within a named context.
  constexpr unsigned char kSessionContext[] = "trama";
  SSL_CTX_set_session_id_context(context.native_handle(), kSessionContext,
                                 sizeof(kSessionContext) - 1);
  return made;
}

absl::StatusOr<std::shared_ptr<TlsContext>> MakeClientTls(const TlsClientOptions& options) {
  absl::StatusOr<std::shared_ptr<TlsContext>> made = NewContext(ssl::context::tls_client);
  if (!made.ok()) return made;
  TlsContext& context = **made;
  boost::system::error_code error;
  if (options.ca_file.empty()) {
    context.set_default_verify_paths(error);
    if (error) return Refused("the system's authorities", "", error);
  } else {
    context.load_verify_file(options.ca_file, error);
    if (error) return Refused("CA file", options.ca_file, error);
  }
  context.set_verify_mode(ssl::verify_peer, error);
  if (error) return Refused("CA file", options.ca_file, error);
  if (!options.certificate_file.empty()) {
    absl::Status used = UseOwnCertificate(context, options.certificate_file, options.key_file);
    if (!used.ok()) return used;
  }
  return made;
}

}  // namespace trama::platform
