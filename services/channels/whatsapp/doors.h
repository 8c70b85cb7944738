#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "services/channels/common/account_directory.h"
#include "services/channels/common/webhook_host.h"
#include "services/platform/http/http_router.h"

namespace trama::whatsapp {

// The address that the vendor calls:
//   GET  /whatsapp/<workspace>/<account>   is it ours? asked once, when the webhook is set up
//   POST /whatsapp/<workspace>/<account>   what has happened, in batches
//
// An app of the vendor's has one address for all of its numbers: what comes in is told apart by the
// number's id, and belongs to every account that shares the app secret by which it was signed.
//
// Threads: safe from any. What it is given must outlive the server.
class Doors {
 public:
  // The vendor sends up to 3 MB; a whole body must fit into a dead letter.
  static constexpr size_t kBodyMaxBytes = 7 << 19;
  // Everything until the answer: the vendor wants 99 of 100 within a second.
  static constexpr absl::Duration kHandlerMax = absl::Milliseconds(2500);
  static constexpr size_t kChallengeMaxBytes = 1024;

  Doors(const channels::AccountDirectory& accounts, channels::WebhookHost& host)
      : accounts_(accounts), host_(host) {}

  void AddTo(platform::HttpRouter& router);

 private:
  channels::WebhookReading ReadPost(const platform::HttpRequest& request,
                                    absl::Time received_at) const;
  platform::HttpResponse AnswerChallenge(const platform::HttpRequest& request) const;
  std::optional<channels::ChannelAccount> AccountOf(const std::string& phone_number_id,
                                                    const channels::ChannelAccount& door,
                                                    const std::string& app_secret) const;

  const channels::AccountDirectory& accounts_;
  channels::WebhookHost& host_;
};

// What stands in a path below /whatsapp/. None for every other path.
struct DoorPath {
  std::string workspace;
  std::string account;
};
std::optional<DoorPath> ParseDoorPath(std::string_view path);

}  // namespace trama::whatsapp
