#include "tools/loadgen/whatsapp_channel.h"

#include <atomic>
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

class WhatsAppChannel final : public Channel {
 public:
  WhatsAppChannel(ChannelWorld world, std::unique_ptr<WebhookSender> webhooks, VendorSide vendor)
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
    identifier.set_scope(absl::StrCat("whatsapp/", world_.Fact("business_account_id")));
    identifier.set_value(absl::StrCat("US.", 1'000'000'000 + number));
    return identifier;
  }

  std::string VendorId(const std::string& run, int64_t number) const override {
    return absl::StrCat("wamid.", HexSha256(absl::StrCat(run, "/", number)));
  }

  void Send(CustomerMessage message, std::function<void(Attempt)> done) override {
    const std::string user = Customer(message.customer).value();
    webhooks_->Post(
        WebhookOf({{"contacts", {{{"profile", {{"name", "Customer"}}}, {"user_id", user}}}},
                   {"messages",
                    {{{"id", message.vendor_id},
                      {"from_user_id", user},
                      {"timestamp", absl::StrCat(absl::ToUnixSeconds(absl::Now()))},
                      {"type", "text"},
                      {"text", {{"body", message.text}}}}}}}),
        std::move(done));
  }

 private:
  // Of one change, signed.
  Webhook WebhookOf(Json value) const {
    value["messaging_product"] = "whatsapp";
    value["metadata"] = {{"display_phone_number", "15550000002"},
                         {"phone_number_id", world_.Fact("phone_number_id")}};
    const Json body = {{"object", "whatsapp_business_account"},
                       {"entry",
                        {{{"id", world_.Fact("business_account_id")},
                          {"changes", {{{"field", "messages"}, {"value", std::move(value)}}}}}}}};
    std::string text = body.dump();
    const std::string digest = absl::BytesToHexString(HmacSha256(world_.Fact("app_secret"), text));
    return {.body = std::move(text),
            .headers = {{"Content-Type", "application/json"},
                        {"X-Hub-Signature-256", absl::StrCat("sha256=", digest)}}};
  }

  HttpResponse Take(const HttpRequest& sent) {
    const Json message = Json::parse(sent.body, nullptr, /*allow_exceptions=*/false);
    if (!message.is_object() || message.value("type", "") != "text") {
      return HttpResponse::Json(400, R"({"error":{"code":100,"message":"not a text"}})");
    }
    const std::string text = message["text"].value("body", "");
    const std::string id = absl::StrCat("wamid.taken-", ++taken_);
    vendor_.on_arrival(text);
    if (vendor_.on_receipt) ReportDelivery(message, id, text);
    return HttpResponse::Json(
        200, absl::StrCat(R"({"messaging_product":"whatsapp","messages":[{"id":")", id, R"("}]})"));
  }

  void ReportDelivery(const Json& message, const std::string& id, const std::string& text) {
    const Json status = {
        {"id", id},
        {"status", "delivered"},
        {"timestamp", absl::StrCat(absl::ToUnixSeconds(absl::Now()))},
        {"recipient_user_id", message.value("recipient", "")},
        {"biz_opaque_callback_data", message.value("biz_opaque_callback_data", "")}};
    webhooks_->Report(
        [this, status] {
          return WebhookOf({{"statuses", {status}}});
        },
        [this, text] { vendor_.on_receipt(text); });
  }

  const ChannelWorld world_;
  const std::unique_ptr<WebhookSender> webhooks_;
  const VendorSide vendor_;
  std::atomic<int64_t> taken_ = 0;
  std::unique_ptr<platform::HttpServer> sink_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Channel>> MakeWhatsAppChannel(const World&,
                                                             const ChannelWorld& facts,
                                                             boost::asio::io_context& io,
                                                             const VendorSide& vendor) {
  auto webhooks = WebhookSender::Create(
      facts.doors, facts.Fact("path"),
      [](const HttpResponse& response) { return response.status == 200; }, io);
  if (!webhooks.ok()) return webhooks.status();
  auto channel = std::make_unique<WhatsAppChannel>(facts, *std::move(webhooks), vendor);
  const absl::Status status = channel->Listen(io);
  if (!status.ok()) return status;
  return channel;
}

}  // namespace trama::loadgen
