#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "services/platform/base/worker_pool.h"
#include "services/platform/grpc/stream.h"
#include "trama/reporting/v1/reporting_service.pb.h"

namespace trama::reporting {

inline constexpr int kLookEveryMs = 500;

using KpiStream = platform::ServerStream<v1::GetKpisResponse>;
using LookUp = std::function<absl::StatusOr<v1::GetKpisResponse>()>;

// Looks twice a second, on `workers`, and sends the figures when they have changed. A slow reader
// gets the newest figures when it is ready for them, never a queue of old ones. An error of `look`
// ends the stream; a stream that is over ends the looking.
void SendFigures(boost::asio::io_context& io, platform::WorkerPool& workers,
                 std::shared_ptr<KpiStream> stream, LookUp look);

}  // namespace trama::reporting
