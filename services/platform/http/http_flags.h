#pragma once

#include <optional>
#include <string>

#include "absl/flags/declare.h"
#include "services/platform/base/settings.h"
#include "services/platform/net/tls.h"

// TLS of a service's own HTTP door; empty where a proxy before it ends TLS.
ABSL_DECLARE_FLAG(std::string, http_tls_cert_file);
ABSL_DECLARE_FLAG(std::string, http_tls_key_file);
ABSL_DECLARE_FLAG(std::string, http_tls_client_ca_file);

namespace trama::platform {

// What the flags say, for HttpServerOptions::tls.
std::optional<TlsServerOptions> HttpTlsFromFlags();

// A validator for StartSettings: everything that is wrong with the flags above.
void CheckHttpTlsFlags(Mistakes& mistakes);

}  // namespace trama::platform
