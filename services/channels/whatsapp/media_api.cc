#include "services/channels/whatsapp/media_api.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/channels/whatsapp/hash_text.h"
#include "services/channels/whatsapp/json_fields.h"
#include "services/channels/whatsapp/vendor_errors.h"
#include "services/kernel/strings.h"

namespace trama::whatsapp {

namespace {

// Without what would end the quoted value or the header.
std::string Quotable(std::string_view text) {
  std::string quotable;
  for (const char c : text) {
    const bool is_bad = c == '"' || c == '\\' || absl::ascii_iscntrl(static_cast<unsigned char>(c));
    quotable.push_back(is_bad ? '_' : c);
  }
  return quotable;
}

std::string Field(std::string_view boundary, const char* name, std::string_view value) {
  return absl::StrCat("--", ToAbsl(boundary), "\r\nContent-Disposition: form-data; name=\"", name,
                      "\"\r\n\r\n", ToAbsl(value), "\r\n");
}

}  // namespace

VendorRequest BuildMediaQuestion(const WhatsAppAccountView& account, std::string_view media_id) {
  VendorRequest request;
  request.method = "GET";
  // With the number the vendor answers only for files that were sent to it.
  request.url = absl::StrCat(account.api, "/", ToAbsl(media_id),
                             "?phone_number_id=", account.phone_number_id);
  return request;
}

absl::StatusOr<MediaPlace> ReadMediaPlace(int http_status, std::string_view body) {
  if (http_status == 429 || http_status == 408 || http_status >= 500) {
    return absl::UnavailableError("the vendor cannot say now where the file is");
  }
  const std::optional<Json> json = ParseJson(body);
  if (http_status == 200 && json.has_value() && !TextOf(*json, "url").empty()) {
    return MediaPlace{TextOf(*json, "url"), HexHash(TextOf(*json, "sha256"))};
  }
  const int code = json.has_value() ? CodeOf(ObjectOf(*json, "error")).value_or(0) : 0;
  // A rate limit comes with 400 or 403, too.
  if (http_status >= 400 && IsRetryableCode(code)) {
    return absl::UnavailableError(absl::StrCat("the vendor cannot say now, error ", code));
  }
  if (http_status == 401 || http_status == 403) {
    return absl::PermissionDeniedError("the vendor refuses the file");
  }
  // Graph says 100 for an object that does not exist.
  if (http_status == 404 || (http_status == 400 && code == 100)) {
    return absl::NotFoundError("the vendor has no such file");
  }
  if (http_status == 200) return absl::UnavailableError("the vendor's answer has no address");
  return absl::InvalidArgumentError(
      absl::StrCat("the vendor answered with HTTP status ", http_status));
}

VendorRequest BuildUpload(const WhatsAppAccountView& account, std::string_view file_name,
                          std::string_view content_type, std::string_view bytes,
                          std::string_view boundary) {
  const std::string type = Quotable(content_type);
  VendorRequest request;
  request.method = "POST";
  request.url = absl::StrCat(account.api, "/", account.phone_number_id, "/media");
  request.content_type = absl::StrCat("multipart/form-data; boundary=", ToAbsl(boundary));
  request.body = absl::StrCat(
      Field(boundary, "messaging_product", "whatsapp"), Field(boundary, "type", type), "--",
      ToAbsl(boundary), "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"",
      file_name.empty() ? "file" : Quotable(file_name), "\"\r\nContent-Type: ", type, "\r\n\r\n",
      ToAbsl(bytes), "\r\n--", ToAbsl(boundary), "--\r\n");
  return request;
}

UploadOutcome OutcomeOfUpload(int http_status, std::string_view body, absl::Duration retry_after) {
  UploadOutcome outcome;
  if (http_status >= 200 && http_status < 300) {
    if (const std::optional<Json> json = ParseJson(body); json.has_value()) {
      outcome.media_id = TextOf(*json, "id");
    }
    if (IsId(outcome.media_id)) return outcome;
    outcome.media_id.clear();
  }
  outcome.failed = OutcomeOfAnswer(http_status, body, retry_after);
  if (outcome.failed.kind != channels::SendOutcome::Kind::kFailed) {
    outcome.failed.kind = channels::SendOutcome::Kind::kRetry;
  }
  return outcome;
}

}  // namespace trama::whatsapp
