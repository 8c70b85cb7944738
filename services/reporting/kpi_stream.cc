#include "services/reporting/kpi_stream.h"

#include <mutex>
#include <utility>

#include "boost/asio/steady_timer.hpp"
#include "services/platform/grpc/errors.h"

namespace trama::reporting {

// What timers and workers share with the stream; outlives it.
struct KpiStream::State {
  State(boost::asio::io_context& io_context, platform::WorkerPool& pool, platform::Call admitted,
        Look how)
      : io(io_context), workers(pool), call(std::move(admitted)), look(std::move(how)) {}

  boost::asio::io_context& io;
  platform::WorkerPool& workers;
  platform::Call call;
  Look look;

  std::mutex mutex;
  KpiStream* stream = nullptr;  // Null once Finish was called.
  v1::GetKpisResponse written;
  std::string seen;  // The last figures, without their time.

  // With the mutex held.
  void Finish(const absl::Status& status) {
    if (stream == nullptr) return;
    std::exchange(stream, nullptr)
        ->grpc::ServerWriteReactor<v1::GetKpisResponse>::Finish(platform::ToGrpc(status));
  }
};

KpiStream::KpiStream(boost::asio::io_context& io, platform::WorkerPool& workers,
                     platform::Call call, Look look)
    : state_(std::make_shared<State>(io, workers, std::move(call), std::move(look))) {
  state_->stream = this;
  LookNow(state_);
}

void KpiStream::LookNow(const std::shared_ptr<State>& state) {
  const bool queued = state->workers.Submit([state] {
    absl::StatusOr<v1::GetKpisResponse> figures = state->look();
    std::lock_guard lock(state->mutex);
    if (state->stream == nullptr) return;
    if (!figures.ok()) return state->Finish(figures.status());
    v1::GetKpisResponse timeless = *figures;
    timeless.clear_as_of();
    if (std::string now = timeless.SerializeAsString(); now != state->seen) {
      state->seen = std::move(now);
      state->written = *std::move(figures);
      state->stream->StartWrite(&state->written);
    } else {
      Wait(state);
    }
  });
  if (!queued) Wait(state);
}

void KpiStream::Wait(std::shared_ptr<State> state) {
  auto timer = std::make_shared<boost::asio::steady_timer>(state->io);
  timer->expires_after(std::chrono::milliseconds(kLookEveryMs));
  timer->async_wait([timer, state](const boost::system::error_code& error) {
    if (!error) LookNow(state);
  });
}

void KpiStream::OnWriteDone(bool ok) {
  std::lock_guard lock(state_->mutex);
  if (!ok) return state_->Finish(absl::CancelledError("the client has gone"));
  Wait(state_);
}

void KpiStream::OnCancel() {
  std::lock_guard lock(state_->mutex);
  state_->Finish(absl::CancelledError("the client has gone"));
}

void KpiStream::OnDone() { delete this; }

}  // namespace trama::reporting
