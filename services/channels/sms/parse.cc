#include "services/channels/sms/parse.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/sms/consent.h"
#include "services/kernel/identifier.h"
#include "services/kernel/strings.h"
#include "services/kernel/text.h"

namespace trama::sms {

namespace {

namespace iv = interaction::v1;

constexpr size_t kNameMaxBytes = 256;
constexpr size_t kFactMaxBytes = 512;
constexpr size_t kUrlMaxBytes = 2048;
constexpr size_t kContentTypeMaxBytes = 255;

// Facts of the channel that go into `channel_facts`: the vendor's name and ours.
constexpr std::pair<const char*, const char*> kFacts[] = {
    {"To", "to"},
    {"NumSegments", "num_segments"},
    {"MessagingServiceSid", "messaging_service_sid"},
    {"OptOutType", "opt_out_type"},
    {"FromCity", "from_city"},
    {"FromState", "from_state"},
    {"FromZip", "from_zip"},
    {"FromCountry", "from_country"},
    {"ChannelPrefix", "channel_prefix"},
    {"ButtonText", "button_text"},
    {"ButtonPayload", "button_payload"},
    {"ReferralNumMedia", "referral_num_media"},
};

std::string Clean(std::string_view text, size_t bytes_max) {
  std::string clean = CleanUtf8(text);
  clean.resize(TruncateUtf8(clean, bytes_max).size());
  return clean;
}

// MessageSid, or one of its names of before.
std::string_view MessageSid(const Params& params) {
  for (const char* name : {"MessageSid", "SmsMessageSid", "SmsSid"}) {
    if (const std::string_view sid = Param(params, name); !sid.empty()) return sid;
  }
  return {};
}

// "whatsapp:+15551234567" → "+15551234567": channels that Twilio carries beside SMS.
std::string_view WithoutPrefix(std::string_view address) {
  const size_t colon = address.find(':');
  if (colon == std::string_view::npos || colon == 0) return address;
  const std::string_view prefix = address.substr(0, colon);
  const bool is_prefix = std::all_of(prefix.begin(), prefix.end(),
                                     [](unsigned char c) { return absl::ascii_islower(c); });
  return is_prefix ? address.substr(colon + 1) : address;
}

absl::StatusOr<iv::Sender> ReadSender(const Params& params, const SmsAccountView& account) {
  const std::string_view from = Param(params, "From");
  const absl::StatusOr<Identifier> identifier = NormaliseIdentifier(
      kSmsKind, Param(params, "FromCountry"), WithoutPrefix(from), account.default_region);
  if (!identifier.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("parameter From is not a sender: ", identifier.status().message()));
  }
  iv::Sender sender;
  *sender.mutable_identifier() = channels::ToProto(*identifier);
  sender.set_address(Clean(from, kNameMaxBytes));
  sender.set_display_name(Clean(Param(params, "ProfileName"), kNameMaxBytes));
  return sender;
}

void ReadMedia(const Params& params, iv::Interaction& message) {
  const std::string_view stated = Param(params, "NumMedia");
  int count = 0;
  if (!stated.empty() && (!absl::SimpleAtoi(ToAbsl(stated), &count) || count < 0)) {
    message.add_anomalies("parameter NumMedia is not a number");
    count = 0;
  }
  if (count > kMediaMax) {
    message.add_anomalies(absl::StrCat("only ", kMediaMax, " of ", count, " files were taken"));
    count = kMediaMax;
  }
  for (int i = 0; i < count; ++i) {
    const std::string_view url = Param(params, absl::StrCat("MediaUrl", i));
    if (url.empty() || url.size() > kUrlMaxBytes) {
      message.add_anomalies(absl::StrCat("parameter MediaUrl", i, " is missing or too long"));
      continue;
    }
    types::v1::Media* media = message.add_parts()->mutable_media();
    media->set_vendor_url(CleanUtf8(url));
    media->set_content_type(
        Clean(Param(params, absl::StrCat("MediaContentType", i)), kContentTypeMaxBytes));
  }
}

void ReadLocation(const Params& params, iv::Interaction& message) {
  const std::string_view latitude = Param(params, "Latitude");
  const std::string_view longitude = Param(params, "Longitude");
  if (latitude.empty() && longitude.empty()) return;
  double north = 0;
  double east = 0;
  if (!absl::SimpleAtod(ToAbsl(latitude), &north) || !absl::SimpleAtod(ToAbsl(longitude), &east) ||
      !(std::abs(north) <= 90) || !(std::abs(east) <= 180)) {
    message.add_anomalies("parameters Latitude and Longitude are not a place");
    return;
  }
  types::v1::Location* location = message.add_parts()->mutable_location();
  location->set_latitude_degrees(north);
  location->set_longitude_degrees(east);
  location->set_label(Clean(Param(params, "Label"), kNameMaxBytes));
}

void NoteAnomalies(const Params& params, const SmsAccountView& account, iv::Interaction& message) {
  const std::string_view sid = Param(params, "AccountSid");
  if (!account.account_sid.empty() && !sid.empty() && sid != account.account_sid) {
    message.add_anomalies("parameter AccountSid is not this account's");
  }
  const std::string_view to = WithoutPrefix(Param(params, "To"));
  const bool ours =
      std::find(account.numbers.begin(), account.numbers.end(), to) != account.numbers.end() ||
      (!account.messaging_service_sid.empty() &&
       Param(params, "MessagingServiceSid") == account.messaging_service_sid);
  if (!ours) message.add_anomalies("parameter To is none of this account's numbers");
  if (!IsUtf8(Param(params, "Body"))) message.add_anomalies("parameter Body was not UTF-8");
  if (message.parts().empty()) message.add_anomalies("the message is empty");
}

// What message and consent have in common.
void Begin(const SmsAccountView& account, std::string_view sid, iv::Kind kind, iv::Sender sender,
           absl::Time received_at, iv::Interaction& interaction) {
  interaction.set_interaction_id(
      channels::InteractionId(kChannel, account.workspace, account.name, sid, kind));
  interaction.set_workspace(account.workspace);
  interaction.set_channel(kChannel);
  interaction.set_channel_account(account.name);
  interaction.set_direction(iv::DIRECTION_INBOUND);
  interaction.set_kind(kind);
  interaction.set_vendor_message_id(std::string(sid));
  // All that one sender writes to one account is one thread.
  interaction.set_conversation_key(
      channels::InteractionKey(account.workspace, sender.identifier()));
  *interaction.mutable_sender() = std::move(sender);
  channels::SetProto(received_at, interaction.mutable_received_at());
}

}  // namespace

absl::StatusOr<std::vector<iv::Interaction>> ParseMessage(const Params& params,
                                                          const SmsAccountView& account,
                                                          absl::Time received_at) {
  const std::string_view sid = MessageSid(params);
  if (!IsSid(sid)) {
    return absl::InvalidArgumentError(sid.empty() ? "parameter MessageSid is missing"
                                                  : "parameter MessageSid is not an id");
  }
  absl::StatusOr<iv::Sender> sender = ReadSender(params, account);
  if (!sender.ok()) return sender.status();

  std::vector<iv::Interaction> interactions;
  iv::Interaction& message = interactions.emplace_back();
  Begin(account, sid, iv::KIND_MESSAGE, *std::move(sender), received_at, message);
  const std::string body = CleanUtf8(Param(params, "Body"));
  if (!body.empty()) {
    types::v1::Text* text = message.add_parts()->mutable_text();
    text->set_body(body);
    text->set_format(types::v1::Text::FORMAT_PLAIN);
  }
  ReadMedia(params, message);
  ReadLocation(params, message);
  if (const std::string_view replied = Param(params, "OriginalRepliedMessageSid"); IsSid(replied)) {
    message.set_reply_to_vendor_message_id(std::string(replied));
  }
  for (const auto& [theirs, ours] : kFacts) {
    const std::string_view value = Param(params, theirs);
    if (!value.empty()) (*message.mutable_channel_facts())[ours] = Clean(value, kFactMaxBytes);
  }
  NoteAnomalies(params, account, message);

  const std::optional<iv::Consent> consent =
      ConsentOf(Param(params, "OptOutType"), body, WithoutPrefix(Param(params, "To")));
  if (consent.has_value()) {
    iv::Interaction said;
    Begin(account, sid, iv::KIND_CONSENT, message.sender(), received_at, said);
    *said.mutable_consent() = *consent;
    interactions.push_back(std::move(said));
  }
  return interactions;
}

}  // namespace trama::sms
