#include "services/channels/open/doors.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/channels/open/answer.h"
#include "services/channels/open/open_account.h"
#include "services/channels/open/send.h"
#include "services/channels/open/signature.h"
#include "services/kernel/strings.h"
#include "services/platform/base/log.h"

namespace trama::open_channel {

namespace {

using platform::HttpRequest;
using platform::HttpResponse;

constexpr char kPrefix[] = "/open/v1/";
constexpr char kDoor[] = "events";
constexpr absl::Duration kComeAgain = absl::Seconds(5);

struct RefusalRow {
  absl::StatusCode code;
  int http;
  const char* word;
};
constexpr RefusalRow kRefusals[] = {
    {absl::StatusCode::kPermissionDenied, 401, "unauthenticated"},
    {absl::StatusCode::kNotFound, 404, "not_found"},
    {absl::StatusCode::kInvalidArgument, 400, "malformed"},
    {absl::StatusCode::kOutOfRange, 413, "too_many_events"},
    {absl::StatusCode::kResourceExhausted, 429, "rate_limited"},
};
constexpr RefusalRow kUnavailable = {absl::StatusCode::kUnavailable, 503, "unavailable"};

const RefusalRow& RowOf(const absl::Status& why) {
  for (const RefusalRow& row : kRefusals) {
    if (row.code == why.code()) return row;
  }
  return kUnavailable;
}

// What the integrator is told. Nothing is to be learned from a signature that does not match, and
// what hinders us is not his concern.
std::string_view TextFor(const RefusalRow& row, const absl::Status& why) {
  if (row.http == 401) return "the signature or its timestamp is not valid";
  if (row.http == 404) return "there is no such channel account";
  if (row.http == 503) return "the events cannot be taken now; send the request again";
  return ToStd(why.message());
}

bool HasOnlyReceipts(const std::vector<Event>& events) {
  return std::all_of(events.begin(), events.end(),
                     [](const Event& event) { return !event.interaction.has_value(); });
}

}  // namespace

struct Doors::Verified {
  channels::ChannelAccount account;
  OpenAccountView view;
};

std::optional<DoorPath> ParseDoorPath(std::string_view path) {
  const std::vector<std::string> segments = absl::StrSplit(ToAbsl(path), '/');
  // "", "open", "v1", workspace, account, "events"
  if (segments.size() != 6 || segments[1] != "open" || segments[2] != "v1" || segments[3].empty() ||
      segments[4].empty() || segments[5] != kDoor) {
    return std::nullopt;
  }
  return DoorPath{segments[3], segments[4]};
}

Doors::Doors(const channels::AccountDirectory& accounts, EventIntake& intake,
             channels::RawArchive& archive, const Clocks& clocks, platform::Metrics& metrics)
    : accounts_(accounts),
      intake_(intake),
      clock_(clocks.process),
      wall_clock_(clocks.wall),
      files_(kFilePath, static_cast<size_t>(OpenCapability().media_bytes_max), accounts, archive,
             clocks.process,
             [&accounts](const channels::ChannelAccount& account) {
               return SecretsOf(accounts, account).value_or(std::vector<std::string>());
             }),
      requests_(metrics.Counter("trama_webhook_requests_total",
                                "Requests of vendors, by what became of them: taken, seen, "
                                "ignored, dead_letter, or the HTTP status of a refusal.",
                                {"channel", "door", "outcome"})),
      events_(metrics.Counter("trama_open_events_total",
                              "Events of integrators: accepted, duplicate or rejected.",
                              {"result"})) {}

absl::StatusOr<Doors::Verified> Doors::Verify(const HttpRequest& request) const {
  const std::optional<DoorPath> path = ParseDoorPath(request.path);
  if (!path.has_value()) return absl::NotFoundError("no such path");
  std::optional<channels::ChannelAccount> account = accounts_.Find(path->workspace, path->account);
  if (!account.has_value()) {
    return accounts_.is_known() ? absl::NotFoundError("no such channel account")
                                : absl::UnavailableError("the configuration is not read yet");
  }
  const absl::StatusOr<std::vector<std::string>> secrets = SecretsOf(accounts_, *account);
  if (!secrets.ok()) return absl::UnavailableError(secrets.status().message());
  SignatureHeaders headers;
  headers.timestamp = request.headers.Get("X-Trama-Timestamp");
  headers.signature = request.headers.Get("X-Trama-Signature");
  headers.webhook_id = request.headers.Get("webhook-id");
  headers.webhook_timestamp = request.headers.Get("webhook-timestamp");
  headers.webhook_signature = request.headers.Get("webhook-signature");
  const absl::Status signature = CheckSignature(headers, request.body, *secrets, wall_clock_.Now());
  if (!signature.ok()) return signature;
  Verified verified;
  verified.view = ViewOf(*account);
  verified.account = *std::move(account);
  return verified;
}

absl::Status Doors::Admit(const channels::ChannelAccount& account, const std::vector<Event>& events,
                          absl::Duration& retry_after) {
  // Receipts are about what was sent before, whatever state the account is in.
  if (!HasOnlyReceipts(events)) {
    if (account.is_off()) return absl::NotFoundError("the channel account is off");
    if (account.is_draining()) {
      return absl::UnavailableError("the channel account is draining: nothing new comes in");
    }
  }
  const std::lock_guard lock(mutex_);
  retry_after = rate_.Take(channels::AccountKey(account.workspace, account.name),
                           static_cast<int64_t>(events.size()), EventsPerSecondOf(account),
                           clock_.Monotonic());
  if (retry_after == absl::ZeroDuration()) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("more than ", EventsPerSecondOf(account), " events a second; see Retry-After"));
}

HttpResponse Doors::Refuse(const absl::Status& why, absl::Duration retry_after) {
  const RefusalRow& row = RowOf(why);
  requests_.With({kChannel, kDoor, std::to_string(row.http)}).Increment();
  platform::Log(row.http == 503 ? platform::LogLevel::kError : platform::LogLevel::kWarning,
                "webhook refused",
                {{"channel", kChannel}, {"door", kDoor}, {"status", row.http}, {"why", why}});
  HttpResponse response = HttpResponse::Json(row.http, ErrorJson(row.word, TextFor(row, why)));
  if (row.http == 429 || row.http == 503) {
    const double seconds = std::ceil(absl::ToDoubleSeconds(retry_after));
    response.headers.Set("Retry-After",
                         std::to_string(std::max<int64_t>(1, static_cast<int64_t>(seconds))));
  }
  return response;
}

void Doors::Count(const std::vector<Event>& events, const std::vector<size_t>& distinct,
                  const std::vector<bool>& seen) {
  const auto rejected = std::count_if(events.begin(), events.end(),
                                      [](const Event& event) { return event.refusal.has_value(); });
  const auto accepted = std::count(seen.begin(), seen.end(), false);
  const auto duplicate = static_cast<int64_t>(events.size()) - rejected - accepted;
  events_.With({"accepted"}).Increment(static_cast<double>(accepted));
  events_.With({"duplicate"}).Increment(static_cast<double>(duplicate));
  events_.With({"rejected"}).Increment(static_cast<double>(rejected));
  const bool all_seen = distinct.size() > 0 && accepted == 0;
  const char* outcome = distinct.empty() ? "ignored" : all_seen ? "seen" : "taken";
  requests_.With({kChannel, kDoor, outcome}).Increment();
}

platform::Awaitable<HttpResponse> Doors::TakeEvents(HttpRequest request) {
  if (turns_.MustWait(clock_.Monotonic())) co_await turns_.Wait();
  const absl::StatusOr<Verified> verified = Verify(request);
  if (!verified.ok()) co_return Refuse(verified.status(), kComeAgain);
  absl::StatusOr<std::vector<Event>> events =
      ParseEvents(request.body, verified->view, clock_.Now());
  if (!events.ok()) co_return Refuse(events.status(), kComeAgain);
  absl::Duration retry_after = kComeAgain;
  const absl::Status admitted = Admit(verified->account, *events, retry_after);
  if (!admitted.ok()) co_return Refuse(admitted, retry_after);

  const std::vector<size_t> distinct = Distinct(*events);
  std::vector<Event> taken;
  for (const size_t place : distinct) taken.push_back((*events)[place]);
  const EventIntake::Result result =
      co_await intake_.Take(verified->account, std::move(taken), request.traceparent);
  if (!result.status.ok()) {
    const absl::Status come_again = absl::UnavailableError(result.status.message());
    co_return Refuse(come_again, kComeAgain);
  }
  Count(*events, distinct, result.seen);
  std::string answer = ResultsJson(*events, distinct, result.seen);
  co_return HttpResponse::Json(202, std::move(answer));
}

void Doors::AddTo(platform::HttpRouter& router) {
  const platform::HttpRouteLimits limits{kBodyMaxBytes, kHandlerMax};
  router.Prefix(
      "POST", kPrefix, [this](HttpRequest request) { return TakeEvents(std::move(request)); },
      limits);
  router.Prefix("GET", kFilePath,
                [this](HttpRequest request) { return files_.Serve(std::move(request)); },
                {kBodyMaxBytes, channels::FileDoor::kHandlerMax});
}

}  // namespace trama::open_channel
