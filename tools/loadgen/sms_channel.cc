#include "tools/loadgen/sms_channel.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/strand.hpp"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"
#include "services/platform/http/http_client.h"
#include "tools/loadgen/twilio_sink.h"

namespace trama::loadgen {
namespace {

using platform::Awaitable;
using platform::FormFields;
using platform::HttpOutcome;
using platform::HttpOutcomeKind;

// As the vendor opens them: a few connections that are kept.
constexpr size_t kConnectionsMax = 64;
constexpr size_t kWaitingMax = 100'000;
constexpr absl::Duration kAnswerMax = absl::Seconds(15);  // Twilio's own limit.

// Area codes of the United States that are in use: numbers made of them count as possible.
constexpr const char* kAreas[] = {"212", "305", "312", "404", "415", "512", "617", "702"};
constexpr int64_t kPerArea = 8'000'000;

// The vendor's digest: the URL, then each name and value in byte order of the names.
std::string SignatureOf(const std::string& token, const std::string& url, FormFields fields) {
  std::sort(fields.begin(), fields.end());
  std::string text = url;
  for (const auto& [name, value] : fields) absl::StrAppend(&text, name, value);
  const std::string digest = HmacSha1(token, text);
  return absl::Base64Escape(digest);
}

Attempt AttemptOf(const HttpOutcome& outcome) {
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
      if (outcome.response.status / 100 == 2) attempt.kind = Attempt::Kind::kAccepted;
      break;
  }
  return attempt;
}

class SmsChannel final : public Channel {
 public:
  SmsChannel(ChannelWorld world, std::vector<platform::Url> doors, boost::asio::io_context& io,
             std::unique_ptr<platform::HttpClient> http, std::unique_ptr<TwilioSink> sink)
      : world_(std::move(world)),
        doors_(std::move(doors)),
        io_(io),
        http_(std::move(http)),
        sink_(std::move(sink)) {}

  types::v1::Identifier Customer(int64_t number) const override {
    types::v1::Identifier identifier;
    identifier.set_kind(types::v1::IDENTIFIER_KIND_PHONE);
    const char* area = kAreas[(number / kPerArea) % std::size(kAreas)];
    identifier.set_value(absl::StrCat("+1", area, 2'000'000 + number % kPerArea));
    return identifier;
  }

  std::string VendorId(const std::string& run, int64_t number) const override {
    const std::string digest = HexSha256(absl::StrCat(run, "/", number));
    return absl::StrCat("SM", digest.substr(0, 32));
  }

  void Send(CustomerMessage message, std::function<void(Attempt)> done) override {
    boost::asio::co_spawn(boost::asio::make_strand(io_), Post(RequestOf(message), std::move(done)),
                          boost::asio::detached);
  }

 private:
  platform::HttpClientRequest RequestOf(const CustomerMessage& message) {
    const FormFields fields = {{"MessageSid", message.vendor_id},
                               {"AccountSid", world_.Fact("account_sid")},
                               {"From", Customer(message.customer).value()},
                               {"To", world_.Fact("number")},
                               {"Body", message.text},
                               {"NumMedia", "0"},
                               {"NumSegments", "1"}};
    platform::HttpClientRequest request;
    request.method = "POST";
    // Each attempt knocks at the next door, as the vendor does behind a balancer.
    request.url = doors_[turn_++ % doors_.size()];
    request.body = platform::EncodeForm(fields);
    request.headers.Add("Content-Type", "application/x-www-form-urlencoded");
    request.headers.Add("X-Twilio-Signature",
                        SignatureOf(world_.Fact("auth_token"), world_.Fact("url"), fields));
    return request;
  }

  Awaitable<void> Post(platform::HttpClientRequest request, std::function<void(Attempt)> done) {
    const HttpOutcome outcome = co_await http_->Send(std::move(request));
    done(AttemptOf(outcome));
  }

  const ChannelWorld world_;
  const std::vector<platform::Url> doors_;
  boost::asio::io_context& io_;
  const std::unique_ptr<platform::HttpClient> http_;
  const std::unique_ptr<TwilioSink> sink_;
  std::atomic<size_t> turn_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Channel>> MakeSmsChannel(const World&, const ChannelWorld& facts,
                                                        boost::asio::io_context& io,
                                                        const OnArrival& on_arrival) {
  const auto told = platform::ParseUrl(facts.Fact("url"));
  if (!told.ok()) return told.status();
  std::vector<platform::Url> doors;
  for (const std::string& address : facts.doors) {
    const auto door = platform::ParseUrl(absl::StrCat("http://", address, told->path));
    if (!door.ok()) return door.status();
    doors.push_back(*door);
  }
  platform::HttpClientOptions options;
  options.total_timeout = kAnswerMax;
  options.connections_per_host_max = kConnectionsMax;
  options.waiting_per_host_max = kWaitingMax;
  options.idle_connections_max = kConnectionsMax * doors.size();
  options.reuse_for_post = true;
  auto http = platform::HttpClient::Create(io, options);
  if (!http.ok()) return http.status();
  auto sink = TwilioSink::Start(facts.Fact("sink"), io, on_arrival);
  if (!sink.ok()) return sink.status();
  return std::make_unique<SmsChannel>(facts, std::move(doors), io, *std::move(http),
                                      *std::move(sink));
}

}  // namespace trama::loadgen
