#include "tests/bench/tool/webhook_load.h"

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/read.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "boost/asio/write.hpp"
#include "services/kernel/digest.h"
#include "services/platform/http/url.h"
#include "services/platform/net/awaitable.h"
#include "tools/loadgen/latency_histogram.h"

namespace trama::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using platform::Awaitable;

constexpr int64_t kBrokenAnswer = 0;

struct Answer {
  int64_t status = kBrokenAnswer;
  bool is_last = true;  // Of this connection.
};

class Load {
 public:
  explicit Load(const WebhookPlan& plan, platform::Url url, tcp::endpoint server)
      : plan_(plan), url_(std::move(url)), server_(server) {}

  void Run() {
    begin_ = absl::Now();
    for (int i = 0; i < plan_.connections; ++i) {
      asio::co_spawn(io_, Connection(), asio::detached);
    }
    io_.run();
    seconds_ = absl::ToDoubleSeconds(absl::Now() - begin_);
  }

  void Print() const {
    std::string answers;
    for (const auto& [status, times] : answers_) {
      absl::StrAppendFormat(&answers, "%s\"%d\":%d", answers.empty() ? "" : ",", status, times);
    }
    const auto accepted = answers_.find(200);
    const int64_t count = accepted == answers_.end() ? 0 : accepted->second;
    absl::PrintF(R"({"answers":{%s},"accepted":%d,"seconds":%.3f,"per_second":%.1f,)"
                 R"("p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f})"
                 "\n",
                 answers, count, seconds_, static_cast<double>(count) / seconds_,
                 absl::ToDoubleMilliseconds(latency_.Quantile(0.5)),
                 absl::ToDoubleMilliseconds(latency_.Quantile(0.99)),
                 absl::ToDoubleMilliseconds(latency_.max()));
  }

 private:
  // The number of the next request and when it is due; -1 at the end.
  std::pair<int64_t, absl::Time> Next() {
    const absl::Time now = absl::Now();
    if (plan_.requests > 0 && next_ >= plan_.requests) return {-1, now};
    const absl::Time due =
        plan_.rate > 0 ? begin_ + absl::Seconds(static_cast<double>(next_) / plan_.rate) : now;
    if (plan_.seconds > 0 && due - begin_ >= absl::Seconds(plan_.seconds)) return {-1, due};
    return {next_++, due};
  }

  std::string RequestOf(int64_t number) const {
    const std::string id = HexSha256(absl::StrCat(plan_.run, "/", number)).substr(0, 32);
    // In byte order of the names, as the signature wants them.
    const platform::FormFields fields = {
        {"AccountSid", plan_.account_sid},
        {"Body", "Hello, where is my parcel? It should have been here on Monday."},
        {"From", absl::StrCat("+1212", 2'000'000 + number % 8'000'000)},
        {"MessageSid", absl::StrCat("SM", id)},
        {"NumMedia", "0"},
        {"NumSegments", "1"},
        {"To", plan_.number}};
    std::string text = plan_.url;
    for (const auto& [name, value] : fields) absl::StrAppend(&text, name, value);
    const std::string body = platform::EncodeForm(fields);
    return absl::StrCat(
        "POST ", url_.path, " HTTP/1.1\r\nHost: ", url_.host,
        "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ", body.size(),
        "\r\nX-Twilio-Signature: ", absl::Base64Escape(HmacSha1(plan_.auth_token, text)),
        "\r\n\r\n", body);
  }

  Awaitable<void> Connection() {
    tcp::socket socket(io_);
    error_code error;
    co_await socket.async_connect(server_, asio::redirect_error(asio::use_awaitable, error));
    asio::steady_timer timer(io_);
    while (true) {
      const auto [number, due] = Next();
      if (number < 0) co_return;
      const std::string request = RequestOf(number);
      if (const absl::Duration early = due - absl::Now(); early > absl::ZeroDuration()) {
        timer.expires_after(absl::ToChronoNanoseconds(early));
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
      }
      const absl::Time begin = plan_.rate > 0 ? due : absl::Now();
      const Answer answer = co_await Exchange(socket, request);
      ++answers_[answer.status];
      latency_.Record(absl::Now() - begin);
      if (!answer.is_last) continue;
      socket = tcp::socket(io_);
      co_await socket.async_connect(server_, asio::redirect_error(asio::use_awaitable, error));
    }
  }

  Awaitable<Answer> Exchange(tcp::socket& socket, const std::string& request) {
    error_code error;
    co_await asio::async_write(socket, asio::buffer(request),
                               asio::redirect_error(asio::use_awaitable, error));
    std::string answer;
    std::array<char, 4096> bytes;
    size_t whole = std::string::npos;  // Of header and body, once the header is there.
    while (!error && answer.size() < whole) {
      const size_t read = co_await socket.async_read_some(
          asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
      answer.append(bytes.data(), read);
      if (whole == std::string::npos) whole = WholeOf(answer);
    }
    Answer result;
    if (whole == std::string::npos || answer.size() < whole || answer.size() < 12 ||
        !absl::SimpleAtoi(answer.substr(9, 3), &result.status)) {
      co_return Answer{};
    }
    const std::string header = absl::AsciiStrToLower(answer.substr(0, whole));
    result.is_last = absl::StrContains(header, "\r\nconnection: close");
    co_return result;
  }

  static size_t WholeOf(const std::string& answer) {
    const size_t end = answer.find("\r\n\r\n");
    if (end == std::string::npos) return std::string::npos;
    const std::string header = absl::AsciiStrToLower(answer.substr(0, end + 2));
    constexpr char kLength[] = "\r\ncontent-length: ";
    const size_t at = header.find(kLength);
    size_t length = 0;
    if (at != std::string::npos) {
      const size_t from = at + sizeof(kLength) - 1;
      (void)absl::SimpleAtoi(header.substr(from, header.find('\r', from) - from), &length);
    }
    return end + 4 + length;
  }

  const WebhookPlan& plan_;
  const platform::Url url_;
  const tcp::endpoint server_;
  asio::io_context io_{1};
  absl::Time begin_;
  double seconds_ = 0;
  int64_t next_ = 0;
  std::map<int64_t, int64_t> answers_;
  loadgen::LatencyHistogram latency_;
};

}  // namespace

absl::Status SendWebhooks(const WebhookPlan& plan) {
  const auto url = platform::ParseUrl(plan.url);
  if (!url.ok()) return url.status();
  const size_t colon = plan.server.rfind(':');
  uint32_t port = 0;
  error_code error;
  const auto address = asio::ip::make_address(plan.server.substr(0, colon), error);
  if (colon == std::string::npos || error ||
      !absl::SimpleAtoi(plan.server.substr(colon + 1), &port)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--server must be address:port, not \"", plan.server, "\""));
  }
  Load load(plan, *url, tcp::endpoint(address, static_cast<uint16_t>(port)));
  load.Run();
  load.Print();
  return absl::OkStatus();
}

}  // namespace trama::bench
