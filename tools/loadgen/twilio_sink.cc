#include "tools/loadgen/twilio_sink.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "services/kernel/digest.h"
#include "tools/loadgen/sink_server.h"

namespace trama::loadgen {
namespace {

using platform::HttpRequest;
using platform::HttpResponse;

constexpr char kPath[] = "/2010-04-01/Accounts/";
constexpr int kPageSizeDefault = 50;

}  // namespace

absl::StatusOr<std::unique_ptr<TwilioSink>> TwilioSink::Start(const std::string& listen,
                                                              boost::asio::io_context& io,
                                                              OnTaken on_taken) {
  std::unique_ptr<TwilioSink> sink(new TwilioSink(std::move(on_taken)));
  platform::HttpRouter router;
  router.Prefix("POST", kPath, platform::SyncHandler([taker = sink.get()](const HttpRequest& sent) {
                  return taker->Take(sent);
                }));
  router.Prefix("GET", kPath, platform::SyncHandler([taker = sink.get()](const HttpRequest& asked) {
                  return taker->List(asked);
                }));
  auto server = StartSinkServer(listen, io, std::move(router));
  if (!server.ok()) return server.status();
  sink->server_ = *std::move(server);
  return sink;
}

HttpResponse TwilioSink::Take(const HttpRequest& request) {
  const auto form = platform::DecodeForm(request.body);
  if (!form.ok()) return HttpResponse::Empty(400);
  const std::string to(platform::FormValue(*form, "To"));
  const std::string body(platform::FormValue(*form, "Body"));
  const absl::Time now = absl::Now();
  Message message;
  message.body = body;
  message.created = absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", now, absl::UTCTimeZone());
  {
    std::lock_guard lock(mutex_);
    const std::string digest = HexSha256(absl::StrCat(absl::ToUnixMicros(now), "/", ++taken_));
    message.sid = absl::StrCat("SM", digest.substr(0, 32));
    messages_[to].push_back(message);
  }
  on_taken_(*form, message.sid);
  return HttpResponse::Json(
      201, absl::StrCat(R"({"sid":")", message.sid, R"(","status":"queued","num_segments":"1"})"));
}

HttpResponse TwilioSink::List(const HttpRequest& request) {
  const auto query = platform::DecodeForm(request.query);
  if (!query.ok()) return HttpResponse::Empty(400);
  const std::string to(platform::FormValue(*query, "To"));
  const std::string size(platform::FormValue(*query, "PageSize"));
  nlohmann::json answer = {{"page_size", kPageSizeDefault}, {"messages", nlohmann::json::array()}};
  int page_size = 0;
  if (absl::SimpleAtoi(size, &page_size)) answer["page_size"] = page_size;
  std::lock_guard lock(mutex_);
  const std::vector<Message>& all = messages_[to];
  for (auto it = all.rbegin(); it != all.rend(); ++it) {  // Newest first, as the vendor's.
    if (answer["messages"].size() >= answer["page_size"]) break;
    answer["messages"].push_back({{"sid", it->sid},
                                  {"to", to},
                                  {"body", it->body},
                                  {"status", "sent"},
                                  {"direction", "outbound-api"},
                                  {"date_created", it->created}});
  }
  return HttpResponse::Json(200, answer.dump());
}

}  // namespace trama::loadgen
