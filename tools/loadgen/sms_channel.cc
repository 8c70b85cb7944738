#include "tools/loadgen/sms_channel.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/digest.h"
#include "services/platform/http/url.h"
#include "tools/loadgen/twilio_sink.h"
#include "tools/loadgen/webhook_sender.h"

namespace trama::loadgen {
namespace {

using platform::FormFields;

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

class SmsChannel final : public Channel {
 public:
  SmsChannel(ChannelWorld world, std::unique_ptr<WebhookSender> webhooks, VendorSide vendor)
      : world_(std::move(world)), webhooks_(std::move(webhooks)), vendor_(std::move(vendor)) {}

  absl::Status Listen(boost::asio::io_context& io) {
    auto sink = TwilioSink::Start(
        world_.Fact("sink"), io,
        [this](const FormFields& form, const std::string& sid) { Take(form, sid); });
    if (!sink.ok()) return sink.status();
    sink_ = *std::move(sink);
    return absl::OkStatus();
  }

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
    const FormFields fields = {{"MessageSid", message.vendor_id},
                               {"AccountSid", world_.Fact("account_sid")},
                               {"From", Customer(message.customer).value()},
                               {"To", world_.Fact("number")},
                               {"Body", message.text},
                               {"NumMedia", "0"},
                               {"NumSegments", "1"}};
    webhooks_->Post(WebhookOf(world_.Fact("url"), fields), std::move(done));
  }

 private:
  Webhook WebhookOf(const std::string& url, const FormFields& fields) const {
    return {
        .body = platform::EncodeForm(fields),
        .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                    {"X-Twilio-Signature", SignatureOf(world_.Fact("auth_token"), url, fields)}}};
  }

  void Take(const FormFields& form, const std::string& sid) {
    const std::string text(platform::FormValue(form, "Body"));
    vendor_.on_arrival(text);
    const std::string url(platform::FormValue(form, "StatusCallback"));
    const auto told = platform::ParseUrl(url);
    if (!vendor_.on_receipt || !told.ok()) return;
    const FormFields fields = {{"MessageSid", sid},
                               {"MessageStatus", "delivered"},
                               {"AccountSid", world_.Fact("account_sid")},
                               {"From", std::string(platform::FormValue(form, "From"))},
                               {"To", std::string(platform::FormValue(form, "To"))}};
    Webhook webhook = WebhookOf(url, fields);
    webhook.target = told->Target();
    webhooks_->Report([webhook] { return webhook; }, [this, text] { vendor_.on_receipt(text); });
  }

  const ChannelWorld world_;
  const std::unique_ptr<WebhookSender> webhooks_;
  const VendorSide vendor_;
  std::unique_ptr<TwilioSink> sink_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Channel>> MakeSmsChannel(const World&, const ChannelWorld& facts,
                                                        boost::asio::io_context& io,
                                                        const VendorSide& vendor) {
  const auto told = platform::ParseUrl(facts.Fact("url"));
  if (!told.ok()) return told.status();
  auto webhooks = WebhookSender::Create(
      facts.doors, told->path,
      [](const platform::HttpResponse& response) { return response.status / 100 == 2; }, io);
  if (!webhooks.ok()) return webhooks.status();
  auto channel = std::make_unique<SmsChannel>(facts, *std::move(webhooks), vendor);
  const absl::Status status = channel->Listen(io);
  if (!status.ok()) return status;
  return channel;
}

}  // namespace trama::loadgen
