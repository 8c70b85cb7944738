#include "services/channels/whatsapp/batch.h"

#include "absl/strings/str_cat.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/raw_request.h"
#include "services/channels/whatsapp/graph_account.h"
#include "services/channels/whatsapp/json_fields.h"
#include "services/channels/whatsapp/parse.h"
#include "services/channels/whatsapp/status.h"
#include "services/kernel/digest.h"
#include "services/platform/base/log.h"

namespace trama::whatsapp {

namespace {

constexpr char kRawType[] = "message/http";

}  // namespace

Batch::Batch(const platform::HttpRequest& request, const channels::ChannelAccount& door,
             AccountOfNumber account_of, absl::Time received_at)
    : request_(request),
      door_(door),
      account_of_(std::move(account_of)),
      received_at_(received_at) {}

channels::Unreadable Batch::MakeUnreadable(std::string body, std::string reason) const {
  channels::Unreadable unreadable;
  unreadable.door = absl::StrCat("webhook:", kChannel, ":", door_.workspace, "/", door_.name);
  // A redelivery is the same bytes.
  unreadable.id = HexSha256(body);
  unreadable.workspace = door_.workspace;
  unreadable.content_type = kRawType;
  unreadable.body = channels::RawRequest(request_, body);
  unreadable.reason = std::move(reason);
  return unreadable;
}

void Batch::GiveUp(const Event& event, std::string reason) {
  reading_.unreadable.push_back(MakeUnreadable(CutOut(envelope_, {&event}), std::move(reason)));
}

channels::WebhookReading Batch::Read() {
  absl::StatusOr<Envelope> envelope = ReadEnvelope(request_.body);
  if (!envelope.ok()) {
    reading_.unreadable.push_back(
        MakeUnreadable(request_.body, std::string(envelope.status().message())));
    return std::move(reading_);
  }
  envelope_ = *std::move(envelope);
  for (const std::string& field : envelope_.account_fields) {
    platform::Log(platform::LogLevel::kInfo, "the vendor tells about the account",
                  {{"workspace", door_.workspace}, {"account", door_.name}, {"field", field}});
  }
  for (const Event& event : envelope_.events) ReadEvent(event);

  const bool is_alone = groups_.size() == 1 && receipts_.empty() && reading_.unreadable.empty() &&
                        !reading_.come_again && envelope_.account_fields.empty() &&
                        groups_.begin()->second.events.size() == envelope_.events.size();
  for (const std::string& key : order_) {
    Group& group = groups_.at(key);
    group.arrival.raw = is_alone ? channels::RawRequest(request_)
                                 : channels::RawRequest(request_, CutOut(envelope_, group.events));
    group.arrival.raw_content_type = kRawType;
    reading_.arrivals.push_back(std::move(group.arrival));
  }
  for (auto& [key, arrival] : receipts_) reading_.arrivals.push_back(std::move(arrival));
  return std::move(reading_);
}

void Batch::ReadEvent(const Event& event) {
  if (event.kind == Event::Kind::kUnknown) {
    GiveUp(event, "nothing in the change is known");
    return;
  }
  if (event.kind == Event::Kind::kError) {
    platform::Log(platform::LogLevel::kWarning, "the vendor reports an error",
                  {{"workspace", door_.workspace},
                   {"account", door_.name},
                   {"code", NumberOf(*event.item, "code").value_or(0)}});
    return;
  }
  const auto [known, is_new] = accounts_.try_emplace(event.phone_number_id);
  if (is_new) known->second = account_of_(event.phone_number_id);
  const std::optional<channels::ChannelAccount>& account = known->second;
  if (!account.has_value()) {
    GiveUp(event, absl::StrCat("no channel account of this app has phone_number_id \"",
                               event.phone_number_id, "\"; add one and requeue"));
  } else if (event.kind == Event::Kind::kStatus) {
    ReadStatus(event, *account);
  } else if (account->is_off()) {
    GiveUp(event,
           absl::StrCat("channel account ", account->workspace, "/", account->name, " is off"));
  } else if (account->is_draining()) {
    reading_.come_again = true;
  } else {
    ReadMessage(event, *account);
  }
}

void Batch::ReadStatus(const Event& event, const channels::ChannelAccount& account) {
  absl::StatusOr<ParsedStatus> status = ParseStatus(*event.item, ViewOf(account), received_at_);
  if (!status.ok()) {
    GiveUp(event, std::string(status.status().message()));
    return;
  }
  if (!status->delivery.has_value()) return;
  channels::Arrival& arrival = receipts_[channels::AccountKey(account.workspace, account.name)];
  arrival.workspace = account.workspace;
  arrival.account = account.name;
  arrival.event_ids.push_back(std::move(status->event_id));
  arrival.receipts.push_back({status->partition, *std::move(status->delivery)});
}

void Batch::ReadMessage(const Event& event, const channels::ChannelAccount& account) {
  absl::StatusOr<ParsedEvent> parsed = ParseEvent(event, ViewOf(account), received_at_);
  if (!parsed.ok()) {
    GiveUp(event, std::string(parsed.status().message()));
    return;
  }
  const std::string key = absl::StrCat(
      channels::AccountKey(account.workspace, account.name), "\n",
      channels::InteractionKey(account.workspace, parsed->interaction.sender().identifier()));
  const auto [place, is_new] = groups_.try_emplace(key);
  Group& group = place->second;
  if (is_new) {
    order_.push_back(key);
    group.arrival.workspace = account.workspace;
    group.arrival.account = account.name;
  }
  group.events.push_back(&event);
  group.arrival.event_ids.push_back(std::move(parsed->event_id));
  group.arrival.interactions.push_back(std::move(parsed->interaction));
}

}  // namespace trama::whatsapp
