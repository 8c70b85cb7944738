#include "tests/bench/tool/webhook_load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "services/kernel/digest.h"
#include "services/platform/http/url.h"
#include "tools/loadgen/latency_histogram.h"

namespace trama::bench {
namespace {

constexpr int64_t kBrokenAnswer = 0;
constexpr int kEventsMax = 256;

// One connection, its request and what has come of the answer.
struct Connection {
  int descriptor = -1;
  bool is_busy = false;
  absl::Time since;  // When the request was due.
  std::string answer;
  size_t whole = std::string::npos;  // Of header and body, once the header is there.
};

// Plain epoll: whatever this load takes of the cores is missing to what is measured.
class Load {
 public:
  Load(const WebhookPlan& plan, platform::Url url, sockaddr_in server)
      : plan_(plan),
        url_(std::move(url)),
        server_(server),
        run_(HexSha256(plan.run).substr(0, 16)),
        poll_(::epoll_create1(EPOLL_CLOEXEC)),
        connections_(static_cast<size_t>(plan.connections)) {}

  ~Load() {
    for (const Connection& connection : connections_) ::close(connection.descriptor);
    ::close(poll_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  absl::Status Run() {
    for (Connection& connection : connections_) {
      if (absl::Status connected = Connect(connection); !connected.ok()) return connected;
      idle_.push_back(&connection);
    }
    begin_ = absl::Now();
    std::array<epoll_event, kEventsMax> events;
    while (true) {
      const absl::Duration wait = SendWhatIsDue();
      if (busy_ == 0 && wait == absl::InfiniteDuration()) break;
      timespec limit = absl::ToTimespec(wait == absl::InfiniteDuration() ? absl::Hours(1) : wait);
      const int count = ::epoll_pwait2(poll_, events.data(), kEventsMax, &limit, nullptr);
      for (int i = 0; i < count; ++i) {
        absl::Status read = Read(*static_cast<Connection*>(events[i].data.ptr));
        if (!read.ok()) return read;
      }
    }
    seconds_ = absl::ToDoubleSeconds(absl::Now() - begin_);
    return absl::OkStatus();
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
  absl::Status Connect(Connection& connection) {
    if (connection.descriptor >= 0) ::close(connection.descriptor);
    connection.descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(connection.descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (::connect(connection.descriptor, reinterpret_cast<const sockaddr*>(&server_),
                  sizeof(server_)) != 0) {
      return absl::UnavailableError(
          absl::StrCat("connect to ", plan_.server, ": ", std::strerror(errno)));
    }
    epoll_event wanted{.events = EPOLLIN, .data = {.ptr = &connection}};
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, connection.descriptor, &wanted);
    return absl::OkStatus();
  }

  // How long until the next is due; for ever when only answers can change anything.
  absl::Duration SendWhatIsDue() {
    while (!idle_.empty()) {
      if (plan_.requests > 0 && next_ >= plan_.requests) break;
      const absl::Time now = absl::Now();
      const absl::Time due =
          plan_.rate > 0 ? begin_ + absl::Seconds(static_cast<double>(next_) / plan_.rate) : now;
      if (plan_.seconds > 0 && due - begin_ >= absl::Seconds(plan_.seconds)) break;
      if (due > now) return due - now;
      Connection& connection = *idle_.back();
      idle_.pop_back();
      ++busy_;
      connection.is_busy = true;
      connection.since = due;
      connection.answer.clear();
      connection.whole = std::string::npos;
      // The socket is empty before a request, so it takes all of one; one that it did not take gets
      // no answer, which counts as broken.
      const std::string request = RequestOf(next_++);
      (void)::send(connection.descriptor, request.data(), request.size(), MSG_NOSIGNAL);
    }
    return absl::InfiniteDuration();
  }

  absl::Status Read(Connection& connection) {
    std::array<char, 4096> bytes;
    const ssize_t count = ::recv(connection.descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return absl::OkStatus();
    if (count > 0) connection.answer.append(bytes.data(), static_cast<size_t>(count));
    if (connection.whole == std::string::npos) connection.whole = WholeOf(connection.answer);
    const bool is_whole = connection.answer.size() >= connection.whole;
    if (count > 0 && !is_whole) return absl::OkStatus();
    const bool is_last = count <= 0 || IsLast(connection);
    if (connection.is_busy) Note(connection, is_whole);
    return is_last ? Connect(connection) : absl::OkStatus();
  }

  void Note(Connection& connection, bool is_whole) {
    int64_t status = kBrokenAnswer;
    if (is_whole) (void)absl::SimpleAtoi(connection.answer.substr(9, 3), &status);
    ++answers_[status];
    latency_.Record(absl::Now() - connection.since);
    connection.is_busy = false;
    --busy_;
    idle_.push_back(&connection);
  }

  std::string RequestOf(int64_t number) const {
    // In byte order of the names, as the signature wants them.
    const platform::FormFields fields = {
        {"AccountSid", plan_.account_sid},
        {"Body", "Hello, where is my parcel? It should have been here on Monday."},
        {"From", absl::StrCat("+1212", 2'000'000 + number % 8'000'000)},
        {"MessageSid", absl::StrCat("SM", run_, absl::Hex(number, absl::kZeroPad16))},
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

  // The length of header and body; npos before the end of the header.
  static size_t WholeOf(const std::string& answer) {
    const size_t end = answer.find("\r\n\r\n");
    if (end == std::string::npos) return std::string::npos;
    size_t length = 0;
    (void)absl::SimpleAtoi(FieldOf(answer.substr(0, end), "content-length"), &length);
    return end + 4 + length;
  }

  static bool IsLast(const Connection& connection) {
    return absl::EqualsIgnoreCase(FieldOf(connection.answer, "connection"), "close");
  }

  // Of a header; the empty text when it is not there.
  static absl::string_view FieldOf(absl::string_view header, absl::string_view name) {
    size_t line = header.find("\r\n");
    while (line != absl::string_view::npos) {
      header.remove_prefix(line + 2);
      line = header.find("\r\n");
      const absl::string_view field = header.substr(0, line);
      if (field.size() > name.size() && field[name.size()] == ':' &&
          absl::EqualsIgnoreCase(field.substr(0, name.size()), name)) {
        return absl::StripAsciiWhitespace(field.substr(name.size() + 1));
      }
    }
    return {};
  }

  const WebhookPlan& plan_;
  const platform::Url url_;
  const sockaddr_in server_;
  const std::string run_;
  const int poll_;
  std::vector<Connection> connections_;
  std::vector<Connection*> idle_;
  size_t busy_ = 0;
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
  sockaddr_in server = {};
  server.sin_family = AF_INET;
  if (colon == std::string::npos ||
      ::inet_pton(AF_INET, plan.server.substr(0, colon).c_str(), &server.sin_addr) != 1 ||
      !absl::SimpleAtoi(plan.server.substr(colon + 1), &port)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--server must be address:port, not \"", plan.server, "\""));
  }
  server.sin_port = htons(static_cast<uint16_t>(port));
  Load load(plan, *url, server);
  if (absl::Status run = load.Run(); !run.ok()) return run;
  load.Print();
  return absl::OkStatus();
}

}  // namespace trama::bench
