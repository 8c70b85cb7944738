#pragma once

#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "services/channels/common/account_directory.h"
#include "services/channels/common/file_door.h"
#include "services/channels/common/raw_archive.h"
#include "services/channels/common/webhook_host.h"
#include "services/channels/sms/account.h"
#include "services/channels/sms/opt_outs.h"
#include "services/channels/sms/twilio_account.h"
#include "services/platform/base/clock.h"
#include "services/platform/http/http_router.h"

namespace trama::sms {

// The addresses that the vendor calls:
//   GET, POST /sms/<workspace>/<account>          a message came in
//   GET, POST /sms/<workspace>/<account>/status   what became of one of ours
//   GET, HEAD /sms/media/<token>                  a file of one of ours
//
// Threads: safe from any. What it is given must outlive the server.
class Doors {
 public:
  static constexpr size_t kBodyMaxBytes = 64 * 1024;
  // Everything until the answer; the vendor waits 15 s, we do not need them.
  static constexpr absl::Duration kHandlerMax = absl::Milliseconds(2500);
  static constexpr size_t kServedFileMaxBytes = 5 << 20;

  Doors(const channels::AccountDirectory& accounts, channels::WebhookHost& host,
        channels::RawArchive& archive, OptOuts& opt_outs, const platform::Clock& clock);

  void AddTo(platform::HttpRouter& router);

 private:
  channels::WebhookReading ReadMessage(const platform::HttpRequest& request,
                                       absl::Time received_at) const;
  channels::WebhookReading ReadStatus(const platform::HttpRequest& request,
                                      absl::Time received_at) const;
  // To be done once it stands in Kafka.
  void RememberConsent(const interaction::v1::Interaction& said,
                       channels::WebhookReading& reading) const;

  const channels::AccountDirectory& accounts_;
  mutable AccountViews views_;
  channels::WebhookHost& host_;
  OptOuts& opt_outs_;
  channels::FileDoor files_;
};

// What stands in a path below /sms/; views of it. None for every other path.
struct DoorPath {
  std::string_view workspace;
  std::string_view account;
  bool is_status = false;
};
std::optional<DoorPath> ParseDoorPath(std::string_view path);

}  // namespace trama::sms
