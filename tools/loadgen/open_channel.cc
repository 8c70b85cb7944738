#include "tools/loadgen/open_channel.h"

#include <mutex>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "services/kernel/digest.h"
#include "tools/loadgen/sink_server.h"
#include "tools/loadgen/webhook_sender.h"

namespace trama::loadgen {
namespace {

using Json = nlohmann::json;
using platform::HttpRequest;
using platform::HttpResponse;

// 202 tells of each event whether it was taken.
bool IsTaken(const HttpResponse& response) {
  if (response.status != 202) return false;
  const Json answer = Json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object() || !answer.contains("results")) return false;
  for (const Json& result : answer["results"]) {
    if (result.value("status", "") == "rejected") return false;
  }
  return true;
}

class OpenChannel final : public Channel {
 public:
  OpenChannel(ChannelWorld world, std::unique_ptr<WebhookSender> webhooks, VendorSide vendor)
      : world_(std::move(world)), webhooks_(std::move(webhooks)), vendor_(std::move(vendor)) {}

  absl::Status Listen(boost::asio::io_context& io) {
    auto server = StartPostSink(world_.Fact("sink"), io,
                                [this](const HttpRequest& sent) { return Take(sent); });
    if (!server.ok()) return server.status();
    sink_ = *std::move(server);
    return absl::OkStatus();
  }

  types::v1::Identifier Customer(int64_t number) const override {
    types::v1::Identifier identifier;
    identifier.set_kind(types::v1::IDENTIFIER_KIND_CHANNEL);
    identifier.set_scope(absl::StrCat("open/", world_.Fact("account")));
    identifier.set_value(absl::StrCat("user-", number));
    return identifier;
  }

  std::string VendorId(const std::string& run, int64_t number) const override {
    return absl::StrCat(run, "-", number);
  }

  void Send(CustomerMessage message, std::function<void(Attempt)> done) override {
    const Json event = {
        {"id", absl::StrCat("event-", message.vendor_id)},
        {"type", "message"},
        {"occurred_at", absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone())},
        {"user", {{"id", Customer(message.customer).value()}}},
        {"message", {{"id", message.vendor_id}, {"text", message.text}}}};
    webhooks_->Post(WebhookOf(event), std::move(done));
  }

 private:
  // Of one event, signed as of now.
  Webhook WebhookOf(const Json& event) const {
    std::string body = Json{{"events", Json::array({event})}}.dump();
    const std::string timestamp = absl::StrCat(absl::ToUnixSeconds(absl::Now()));
    const std::string digest = absl::BytesToHexString(
        HmacSha256(world_.Fact("secret"), absl::StrCat(timestamp, ".", body)));
    return {.body = std::move(body),
            .headers = {{"Content-Type", "application/json"},
                        {"X-Trama-Timestamp", timestamp},
                        {"X-Trama-Signature", absl::StrCat("v1=", digest)}}};
  }

  // The contract allows repeats of an id: an integrator keeps the first.
  HttpResponse Take(const HttpRequest& sent) {
    const Json body = Json::parse(sent.body, nullptr, /*allow_exceptions=*/false);
    if (!body.is_object() || !body.contains("message")) return HttpResponse::Empty(400);
    bool is_new = false;
    {
      std::lock_guard lock(mutex_);
      is_new = taken_.insert(body.value("id", "")).second;
    }
    const std::string text = body["message"].value("text", "");
    if (is_new) vendor_.on_arrival(text);
    if (is_new && vendor_.on_receipt) ReportDelivery(body, text);
    return HttpResponse::Json(200, "{}");
  }

  void ReportDelivery(const Json& sent, const std::string& text) {
    const Json event = {
        {"id", absl::StrCat("delivered-", sent.value("id", ""))},
        {"type", "status"},
        {"occurred_at", absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone())},
        {"conversation_id", sent.value("conversation_id", "")},
        {"message", {{"id", sent["message"].value("id", "")}}},
        {"status", "delivered"}};
    webhooks_->Report([this, event] { return WebhookOf(event); },
                      [this, text] { vendor_.on_receipt(text); });
  }

  const ChannelWorld world_;
  const std::unique_ptr<WebhookSender> webhooks_;
  const VendorSide vendor_;
  std::mutex mutex_;
  std::set<std::string> taken_;  // Guarded by mutex_.
  std::unique_ptr<platform::HttpServer> sink_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Channel>> MakeOpenChannel(const World&, const ChannelWorld& facts,
                                                         boost::asio::io_context& io,
                                                         const VendorSide& vendor) {
  auto webhooks = WebhookSender::Create(facts.doors, facts.Fact("path"), &IsTaken, io);
  if (!webhooks.ok()) return webhooks.status();
  auto channel = std::make_unique<OpenChannel>(facts, *std::move(webhooks), vendor);
  const absl::Status status = channel->Listen(io);
  if (!status.ok()) return status;
  return channel;
}

}  // namespace trama::loadgen
