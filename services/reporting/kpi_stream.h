#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "services/platform/base/worker_pool.h"
#include "services/platform/grpc/call_gate.h"
#include "trama/reporting/v1/reporting_service.grpc.pb.h"

namespace trama::reporting {

// One client of WatchKpis: looks twice a second and writes the figures when they have changed. A
// slow reader gets the newest figures when it is ready for them, never a queue of old ones.
//
// Owns itself: gRPC's OnDone deletes it.
class KpiStream final : public grpc::ServerWriteReactor<v1::GetKpisResponse> {
 public:
  static constexpr int kLookEveryMs = 500;
  using Look = std::function<absl::StatusOr<v1::GetKpisResponse>()>;

  KpiStream(boost::asio::io_context& io, platform::WorkerPool& workers, platform::Call call,
            Look look);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  struct State;
  static void Wait(std::shared_ptr<State> state);
  static void LookNow(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace trama::reporting
