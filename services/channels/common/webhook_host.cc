#include "services/channels/common/webhook_host.h"

#include <memory>
#include <utility>

#include "services/channels/common/raw_request.h"
#include "services/platform/base/log.h"
#include "services/platform/base/trace.h"

namespace trama::channels {

namespace {

// For the vendor's next attempt; ours is usually back within seconds.
constexpr char kRetryAfterSeconds[] = "5";

int StatusOf(const absl::Status& verdict) {
  switch (verdict.code()) {
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kInvalidArgument:
      return 400;
    default:
      return 503;
  }
}

}  // namespace

WebhookHost::WebhookHost(std::string channel, Ingest& ingest, const platform::Clock& clock,
                         platform::Metrics& metrics)
    : channel_(std::move(channel)),
      ingest_(ingest),
      clock_(clock),
      requests_(metrics.Counter("trama_webhook_requests_total",
                                "Requests of vendors, by what became of them: taken, seen, "
                                "ignored, dead_letter, or the HTTP status of a refusal.",
                                {"channel", "door", "outcome"})) {}

platform::HttpHandler WebhookHost::Handler(WebhookDoor door) {
  const auto counter = [&](const char* outcome) -> prometheus::Counter& {
    return requests_.With({channel_, door.name, outcome});
  };
  auto shared = std::make_shared<const Counted>(Counted{.door = door,
                                                        .taken = counter("taken"),
                                                        .seen = counter("seen"),
                                                        .ignored = counter("ignored"),
                                                        .dead_letter = counter("dead_letter")});
  return
      [this, shared](platform::HttpRequest&& request) { return Serve(shared, std::move(request)); };
}

platform::HttpResponse WebhookHost::Refuse(const WebhookDoor& door, const absl::Status& why) {
  const int status = StatusOf(why);
  requests_.With({channel_, door.name, std::to_string(status)}).Increment();
  platform::Log(status == 503 ? platform::LogLevel::kError : platform::LogLevel::kWarning,
                "webhook refused",
                {{"channel", channel_}, {"door", door.name}, {"status", status}, {"why", why}});
  platform::HttpResponse response = platform::HttpResponse::Empty(status);
  if (status == 503) response.headers.Set("Retry-After", kRetryAfterSeconds);
  return response;
}

platform::Awaitable<platform::HttpResponse> WebhookHost::Serve(
    std::shared_ptr<const Counted> counted, platform::HttpRequest request) {
  const WebhookDoor& door = counted->door;
  const absl::Time received_at = clock_.Now();
  if (turns_.MustWait(clock_.Monotonic())) co_await turns_.Wait();
  WebhookReading reading = door.read(request, received_at);
  if (!reading.verdict.ok()) co_return Refuse(door, reading.verdict);

  prometheus::Counter* outcome = &counted->ignored;
  if (!reading.unreadable.empty()) {
    for (Unreadable& each : reading.unreadable) {
      each.traceparent = request.traceparent;
      platform::Log(platform::LogLevel::kWarning, "webhook could not be read",
                    {{"channel", channel_}, {"door", each.door}, {"why", each.reason}});
    }
    const absl::Status kept = co_await ingest_.GiveUpAll(std::move(reading.unreadable));
    if (!kept.ok()) co_return Refuse(door, kept);
    outcome = &counted->dead_letter;
  }
  if (!reading.arrivals.empty()) {
    for (Arrival& arrival : reading.arrivals) arrival.traceparent = request.traceparent;
    const std::string workspace = reading.arrivals.front().workspace;
    const std::string account = reading.arrivals.front().account;
    const IngestResult result = co_await ingest_.TakeAll(std::move(reading.arrivals));
    absl::Status status = result.status;
    const bool given_up = absl::IsInvalidArgument(status);
    if (given_up) {
      // What can never be written must not come again and again.
      std::vector<Unreadable> whole;
      whole.push_back(
          UnreadableRequest(channel_, workspace, account, request, std::string(status.message())));
      whole.back().traceparent = request.traceparent;
      status = co_await ingest_.GiveUpAll(std::move(whole));
    }
    if (!status.ok()) co_return Refuse(door, absl::UnavailableError(status.message()));
    if (!given_up) {
      for (const auto& after : reading.after) co_await after();
    }
    outcome = given_up ? &counted->dead_letter : result.seen ? &counted->seen : &counted->taken;
  }
  if (reading.come_again) {
    co_return Refuse(door, absl::UnavailableError("a part of the batch cannot be taken now"));
  }
  outcome->Increment();
  co_return door.accepted;
}

}  // namespace trama::channels
