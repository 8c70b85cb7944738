#include "services/platform/http/http_flags.h"

#include "absl/flags/flag.h"

ABSL_FLAG(std::string, http_tls_cert_file, "",
          "PEM certificate chain of the HTTP door; empty: HTTP without TLS.");
ABSL_FLAG(std::string, http_tls_key_file, "", "PEM private key of --http_tls_cert_file.");
ABSL_FLAG(std::string, http_tls_client_ca_file, "",
          "PEM authorities that a client's certificate must come from (mTLS). Empty: clients need "
          "none.");

namespace trama::platform {

std::optional<TlsServerOptions> HttpTlsFromFlags() {
  if (absl::GetFlag(FLAGS_http_tls_cert_file).empty()) return std::nullopt;
  return TlsServerOptions{.certificate_file = absl::GetFlag(FLAGS_http_tls_cert_file),
                          .key_file = absl::GetFlag(FLAGS_http_tls_key_file),
                          .client_ca_file = absl::GetFlag(FLAGS_http_tls_client_ca_file)};
}

void CheckHttpTlsFlags(Mistakes& mistakes) {
  const bool cert = !absl::GetFlag(FLAGS_http_tls_cert_file).empty();
  const bool key = !absl::GetFlag(FLAGS_http_tls_key_file).empty();
  mistakes.Require(cert == key,
                   "--http_tls_cert_file and --http_tls_key_file go together, give both or none");
  mistakes.Require(cert || absl::GetFlag(FLAGS_http_tls_client_ca_file).empty(),
                   "--http_tls_client_ca_file needs --http_tls_cert_file and --http_tls_key_file");
  if (cert && key) {
    mistakes.AddStatus("http_tls_cert_file", MakeServerTls(*HttpTlsFromFlags()).status());
  }
}

}  // namespace trama::platform
