#include "services/reporting/kpi_stream.h"

#include <string>
#include <utility>

#include "boost/asio/steady_timer.hpp"

namespace trama::reporting {
namespace {

// One watcher; kept by the timer or the work that is under way.
struct Watch : std::enable_shared_from_this<Watch> {
  Watch(boost::asio::io_context& io_context, platform::WorkerPool& pool,
        std::shared_ptr<KpiStream> watched, LookUp how)
      : timer(io_context), workers(pool), stream(std::move(watched)), look(std::move(how)) {}

  void LookNow() {
    const bool queued = workers.Submit([self = shared_from_this()] { self->Send(); });
    if (!queued) Wait();
  }

  void Send() {
    if (stream->finishing()) return;
    absl::StatusOr<v1::GetKpisResponse> figures = look();
    if (!figures.ok()) return stream->Finish(figures.status());
    v1::GetKpisResponse timeless = *figures;
    timeless.clear_as_of();
    // It grows by itself: the newest is sent along with what really changes.
    for (v1::KpiRow& row : *timeless.mutable_rows()) row.clear_agent_time();
    std::string now = timeless.SerializeAsString();
    // What does not fit is looked at again: the client then gets what is newest.
    if (now != seen && stream->Send(*std::move(figures))) seen = std::move(now);
    Wait();
  }

  void Wait() {
    timer.expires_after(std::chrono::milliseconds(kLookEveryMs));
    timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error && !self->stream->finishing()) self->LookNow();
    });
  }

  boost::asio::steady_timer timer;
  platform::WorkerPool& workers;
  std::shared_ptr<KpiStream> stream;
  LookUp look;
  std::string seen;  // The last figures, without their time.
};

}  // namespace

void SendFigures(boost::asio::io_context& io, platform::WorkerPool& workers,
                 std::shared_ptr<KpiStream> stream, LookUp look) {
  std::make_shared<Watch>(io, workers, std::move(stream), std::move(look))->LookNow();
}

}  // namespace trama::reporting
