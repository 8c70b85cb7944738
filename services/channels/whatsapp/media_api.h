#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/channels/common/send_outcome.h"
#include "services/channels/whatsapp/account.h"
#include "services/channels/whatsapp/send.h"

// Files at the vendor, as data in and data out.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
namespace trama::whatsapp {

// Asks where a customer's file lies: the address that comes back lives for some five minutes.
VendorRequest BuildMediaQuestion(const WhatsAppAccountView& account, std::string_view media_id);

struct MediaPlace {
  std::string url;
  std::string sha256;  // Lower-case hex; empty when the vendor says none.
};
// NOT_FOUND: the vendor has no such file (any more); PERMISSION_DENIED: it refuses us; UNAVAILABLE:
// ask again; INVALID_ARGUMENT: another refusal.
absl::StatusOr<MediaPlace> ReadMediaPlace(int http_status, std::string_view body);

// Uploads a file of ours (multipart/form-data, RFC 7578). `boundary`: 1 to 70 letters and digits
// that do not stand in the bytes.
VendorRequest BuildUpload(const WhatsAppAccountView& account, std::string_view file_name,
                          std::string_view content_type, std::string_view bytes,
                          std::string_view boundary);

// What came of it: the file's id, or what the whole send has come to. An upload sends nothing to
// the customer, so a doubtful one is simply made again.
struct UploadOutcome {
  std::string media_id;
  channels::SendOutcome failed;  // When there is no id: kRetry or kFailed.
};
UploadOutcome OutcomeOfUpload(int http_status, std::string_view body, absl::Duration retry_after);

}  // namespace trama::whatsapp
