#include "tools/loadgen/webhook_sender.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/strand.hpp"
#include "boost/asio/this_coro.hpp"
#include "boost/asio/use_awaitable.hpp"

namespace trama::loadgen {
namespace {

using platform::HttpOutcome;
using platform::HttpOutcomeKind;

constexpr size_t kConnectionsMax = 64;
constexpr size_t kWaitingMax = 100'000;
constexpr int kReportAttemptsMax = 300;
constexpr absl::Duration kReportPause = absl::Seconds(1);
constexpr absl::Duration kAnswerMax = absl::Seconds(15);  // Twilio's own limit; others wait longer.

}  // namespace

absl::StatusOr<std::unique_ptr<WebhookSender>> WebhookSender::Create(
    const std::vector<std::string>& doors, const std::string& path, IsTaken is_taken,
    boost::asio::io_context& io) {
  std::unique_ptr<WebhookSender> sender(new WebhookSender(io, std::move(is_taken)));
  for (const std::string& address : doors) {
    const auto door = platform::ParseUrl(absl::StrCat("http://", address, path));
    if (!door.ok()) return door.status();
    sender->doors_.push_back(*door);
  }
  platform::HttpClientOptions options;
  options.total_timeout = kAnswerMax;
  options.connections_per_host_max = kConnectionsMax;
  options.waiting_per_host_max = kWaitingMax;
  options.idle_connections_max = kConnectionsMax * doors.size();
  options.post_reuse_idle_max = absl::InfiniteDuration();
  auto http = platform::HttpClient::Create(io, options);
  if (!http.ok()) return http.status();
  sender->http_ = *std::move(http);
  return sender;
}

platform::HttpClientRequest WebhookSender::RequestOf(Webhook webhook) {
  platform::HttpClientRequest request;
  request.method = "POST";
  request.url = doors_[turn_++ % doors_.size()];
  if (!webhook.target.empty()) {
    const size_t query = webhook.target.find('?');
    request.url.path = webhook.target.substr(0, query);
    request.url.query = query == std::string::npos ? "" : webhook.target.substr(query + 1);
  }
  request.body = std::move(webhook.body);
  request.headers = std::move(webhook.headers);
  return request;
}

void WebhookSender::Post(Webhook webhook, std::function<void(Attempt)> done) {
  boost::asio::co_spawn(boost::asio::make_strand(io_),
                        Send(RequestOf(std::move(webhook)), std::move(done)),
                        boost::asio::detached);
}

void WebhookSender::Report(std::function<Webhook()> make, std::function<void()> taken) {
  boost::asio::co_spawn(boost::asio::make_strand(io_),
                        SendReport(std::move(make), std::move(taken)), boost::asio::detached);
}

platform::Awaitable<void> WebhookSender::SendReport(std::function<Webhook()> make,
                                                    std::function<void()> taken) {
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  for (int attempt = 1; attempt <= kReportAttemptsMax; ++attempt) {
    const HttpOutcome outcome = co_await http_->Send(RequestOf(make()));
    if (AttemptOf(outcome).kind == Attempt::Kind::kAccepted) {
      taken();
      co_return;
    }
    pause.expires_after(absl::ToChronoNanoseconds(kReportPause));
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

platform::Awaitable<void> WebhookSender::Send(platform::HttpClientRequest request,
                                              std::function<void(Attempt)> done) {
  const HttpOutcome outcome = co_await http_->Send(std::move(request));
  done(AttemptOf(outcome));
}

Attempt WebhookSender::AttemptOf(const HttpOutcome& outcome) const {
  Attempt attempt;
  attempt.last_byte = outcome.request_sent_at;
  switch (outcome.kind) {
    case HttpOutcomeKind::kNotSent:
      attempt.answer = absl::StrCat("not sent: ", outcome.error.message());
      break;
    case HttpOutcomeKind::kAmbiguous:
      attempt.kind = Attempt::Kind::kBroken;
      attempt.answer = absl::StrCat("broken: ", outcome.error.message());
      break;
    case HttpOutcomeKind::kResponse:
      attempt.answer = absl::StrCat(outcome.response.status);
      if (is_taken_(outcome.response)) attempt.kind = Attempt::Kind::kAccepted;
      break;
  }
  return attempt;
}

}  // namespace trama::loadgen
