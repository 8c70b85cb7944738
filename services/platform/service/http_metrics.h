#pragma once

#include "services/platform/base/metrics.h"
#include "services/platform/http/http_server.h"

namespace trama::platform {

// An observer for HttpServer::Start that feeds
//   trama_http_server_handling_seconds{method,route}
//   trama_http_server_requests_total{method,route,status}
// `metrics` must outlive the server.
HttpObserver MeasureHttp(Metrics& metrics);

}  // namespace trama::platform
