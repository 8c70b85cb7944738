#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/channels/common/account_directory.h"
#include "services/channels/common/webhook_host.h"
#include "services/channels/whatsapp/envelope.h"
#include "services/platform/http/http_message.h"

namespace trama::whatsapp {

// The channel account to which one of our telephone numbers belongs; none when nobody has it, or
// when whoever signed the request has no business with it.
using AccountOfNumber =
    std::function<std::optional<channels::ChannelAccount>(const std::string& phone_number_id)>;

// Turns one genuine POST into what is to be written. One POST may hold messages of many customers
// to several of our numbers:
//   - each customer's messages are an arrival of their own, with an original that holds nothing of
//     another person;
//   - what cannot be read, or is for a number that nobody has here, goes to the dead letters by
//     itself; the rest is taken;
//   - messages for an account that is DRAINING are left, and the vendor must come again; statuses
//     are taken whatever state the account is in.
//
// One thread; lives for one request.
class Batch {
 public:
  // All must outlive it. `door`: the account that the URL names.
  Batch(const platform::HttpRequest& request, const channels::ChannelAccount& door,
        AccountOfNumber account_of, absl::Time received_at);

  channels::WebhookReading Read();

 private:
  // What one customer has done at one account.
  struct Group {
    channels::Arrival arrival;
    std::vector<const Event*> events;
  };

  void ReadEvent(const Event& event);
  void ReadStatus(const Event& event, const channels::ChannelAccount& account);
  void ReadMessage(const Event& event, const channels::ChannelAccount& account);
  void GiveUp(const Event& event, std::string reason);
  channels::Unreadable MakeUnreadable(std::string body, std::string reason) const;

  const platform::HttpRequest& request_;
  const channels::ChannelAccount& door_;
  const AccountOfNumber account_of_;
  const absl::Time received_at_;
  Envelope envelope_;
  channels::WebhookReading reading_;
  std::map<std::string, std::optional<channels::ChannelAccount>> accounts_;  // By number.
  std::vector<std::string> order_;                     // Keys of groups_ as they came.
  std::map<std::string, Group> groups_;                // By account and customer.
  std::map<std::string, channels::Arrival> receipts_;  // By account.
};

}  // namespace trama::whatsapp
