#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/channels/common/account_directory.h"
#include "services/channels/common/raw_archive.h"
#include "services/channels/common/sender.h"
#include "services/channels/whatsapp/account.h"
#include "services/channels/whatsapp/media_api.h"
#include "services/channels/whatsapp/upload_room.h"
#include "services/platform/base/clock.h"
#include "services/platform/http/http_client.h"

namespace trama::whatsapp {

// Sends by the Cloud API. A file is uploaded first, which sends nothing to the customer. The vendor
// cannot be asked about an earlier attempt: only a status tells.
//
// Threads: safe from any. What it is given must outlive every call.
class GraphSender final : public channels::Sender {
 public:
  // For one request, connecting included.
  static constexpr absl::Duration kCallMax = absl::Seconds(12);
  static constexpr absl::Duration kUploadMax = absl::Seconds(20);
  static constexpr size_t kFileBytesMax = 100 << 20;
  // Of files on their way together, beyond which they wait: a single one of the largest, or many.
  static constexpr size_t kUploadBytesMax = kFileBytesMax;
  // How long; then the message is tried again later.
  static constexpr absl::Duration kUploadWaitMax = absl::Seconds(10);

  GraphSender(const channels::AccountDirectory& accounts, channels::RawArchive& archive,
              platform::HttpClient& http, const platform::Clock& clock)
      : accounts_(accounts), archive_(archive), http_(http), clock_(clock) {}

  platform::Awaitable<channels::SendOutcome> Send(channels::OutboundPtr message,
                                                  channels::Attempt attempt) override;

 private:
  platform::Awaitable<UploadOutcome> Upload(channels::OutboundPtr message,
                                            WhatsAppAccountView account, std::string token,
                                            std::string traceparent);
  // The bytes of a file, and the room that they take.
  struct LoadedFile {
    std::unique_ptr<UploadRoom::Share> room;
    absl::StatusOr<platform::Blob> blob;
  };
  platform::Awaitable<LoadedFile> Load(std::string blob, int64_t said_bytes);
  absl::Duration RetryAfter(const platform::HttpResponse& response) const;

  const channels::AccountDirectory& accounts_;
  channels::RawArchive& archive_;
  platform::HttpClient& http_;
  const platform::Clock& clock_;
  UploadRoom uploads_{kUploadBytesMax};
};

}  // namespace trama::whatsapp
