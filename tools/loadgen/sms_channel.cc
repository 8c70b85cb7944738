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
  SmsChannel(ChannelWorld world, std::unique_ptr<WebhookSender> webhooks,
             std::unique_ptr<TwilioSink> sink)
      : world_(std::move(world)), webhooks_(std::move(webhooks)), sink_(std::move(sink)) {}

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
    webhooks_->Post(platform::EncodeForm(fields),
                    {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"X-Twilio-Signature",
                      SignatureOf(world_.Fact("auth_token"), world_.Fact("url"), fields)}},
                    std::move(done));
  }

 private:
  const ChannelWorld world_;
  const std::unique_ptr<WebhookSender> webhooks_;
  const std::unique_ptr<TwilioSink> sink_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Channel>> MakeSmsChannel(const World&, const ChannelWorld& facts,
                                                        boost::asio::io_context& io,
                                                        const OnArrival& on_arrival) {
  const auto told = platform::ParseUrl(facts.Fact("url"));
  if (!told.ok()) return told.status();
  auto webhooks = WebhookSender::Create(
      facts.doors, told->path,
      [](const platform::HttpResponse& response) { return response.status / 100 == 2; }, io);
  if (!webhooks.ok()) return webhooks.status();
  auto sink = TwilioSink::Start(facts.Fact("sink"), io, on_arrival);
  if (!sink.ok()) return sink.status();
  return std::make_unique<SmsChannel>(facts, *std::move(webhooks), *std::move(sink));
}

}  // namespace trama::loadgen
