#include "absl/strings/str_cat.h"
#include "tools/loadgen/channel.h"
#include "tools/loadgen/email_channel.h"
#include "tools/loadgen/open_channel.h"
#include "tools/loadgen/sms_channel.h"
#include "tools/loadgen/whatsapp_channel.h"

namespace trama::loadgen {
namespace {

constexpr char kOpen[] = "[token:";

using Maker = absl::StatusOr<std::unique_ptr<Channel>> (*)(const World&, const ChannelWorld&,
                                                           boost::asio::io_context&,
                                                           const VendorSide&);

// The one place that knows all channels.
const std::map<std::string, Maker>& Makers() {
  static const auto* const kMakers = new std::map<std::string, Maker>{
      {"email", &MakeEmailChannel},
      {"open", &MakeOpenChannel},
      {"sms", &MakeSmsChannel},
      {"whatsapp", &MakeWhatsAppChannel},
  };
  return *kMakers;
}

}  // namespace

absl::StatusOr<std::map<std::string, std::unique_ptr<Channel>>> MakeChannels(
    const World& world, boost::asio::io_context& io, const VendorSide& vendor) {
  std::map<std::string, std::unique_ptr<Channel>> channels;
  for (const auto& [name, facts] : world.channels) {
    const auto maker = Makers().find(name);
    if (maker == Makers().end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("channel \"", name, "\" is not known to the load generator"));
    }
    auto channel = maker->second(world, facts, io, vendor);
    if (!channel.ok()) return channel.status();
    channels[name] = *std::move(channel);
  }
  return channels;
}

std::string TextWithToken(const std::string& token) {
  return absl::StrCat(kOpen, token, "] It is on its way.");
}

std::string TokenIn(const std::string& text) {
  const size_t begin = text.find(kOpen);
  if (begin == std::string::npos) return "";
  const size_t from = begin + sizeof(kOpen) - 1;
  const size_t end = text.find(']', from);
  return end == std::string::npos ? "" : text.substr(from, end - from);
}

}  // namespace trama::loadgen
