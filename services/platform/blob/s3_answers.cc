#include "services/platform/blob/s3_answers.h"

#include <algorithm>
#include <cstring>
#include <pugixml.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/moment.h"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

constexpr size_t kErrorBytesMax = 64 << 10;
constexpr size_t kCodeBytesMax = 64;

absl::StatusOr<pugi::xml_node> Root(pugi::xml_document& document, std::string_view body,
                                    const char* name) {
  const pugi::xml_parse_result parsed = document.load_buffer(body.data(), body.size());
  if (parsed && std::strcmp(document.document_element().name(), name) == 0) {
    return document.document_element();
  }
  return absl::UnavailableError(
      absl::StrCat("blob store: the answer is no ", name, "; does the endpoint speak S3?"));
}

// What an operator can do about an error.
const char* AdviceFor(const std::string& code, int status) {
  if (code == "SignatureDoesNotMatch" || code == "InvalidAccessKeyId") return "; check the keys";
  if (code == "RequestTimeTooSkewed") return "; set the clock of this machine";
  if (code == "NoSuchBucket") return "; make the bucket";
  if (code == "AuthorizationHeaderMalformed") return "; check the region";
  if (status == 403) return "; check what the keys may do";
  return "; come again";
}

}  // namespace

std::string S3ErrorCode(std::string_view body) {
  pugi::xml_document document;
  if (body.size() > kErrorBytesMax || !document.load_buffer(body.data(), body.size())) return "";
  const std::string code = document.document_element().child_value("Code");
  // It goes into logs and errors.
  const bool is_code =
      code.size() <= kCodeBytesMax && std::all_of(code.begin(), code.end(), [](unsigned char c) {
        return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
      });
  return is_code ? code : "";
}

absl::Status S3Error(std::string_view doing, const HttpResponse& response) {
  const std::string code = S3ErrorCode(response.body);
  const std::string text =
      absl::StrCat("blob store: cannot ", ToAbsl(doing), ": ", response.status,
                   code.empty() ? "" : " ", code, AdviceFor(code, response.status));
  const bool is_full = response.status == 507 || code == "QuotaExceeded";
  return is_full ? absl::ResourceExhaustedError(text) : absl::UnavailableError(text);
}

bool IsMissingObject(const HttpResponse& response) {
  if (response.status != 404) return false;
  const std::string code = S3ErrorCode(response.body);
  return code == "NoSuchKey";
}

absl::StatusOr<S3Page> ParseS3Page(std::string_view body) {
  pugi::xml_document document;
  const absl::StatusOr<pugi::xml_node> root = Root(document, body, "ListBucketResult");
  if (!root.ok()) return root.status();
  S3Page page;
  for (const pugi::xml_node& object : root->children("Contents")) {
    absl::Time written;
    const char* modified = object.child_value("LastModified");
    if (!ParseMoment(absl::RFC3339_full, modified, &written)) {
      written = absl::InfiniteFuture();
    }
    page.objects.push_back({object.child_value("Key"), written});
  }
  page.is_last = !root->child("IsTruncated").text().as_bool();
  return page;
}

absl::StatusOr<bool> KeepsVersions(std::string_view body) {
  pugi::xml_document document;
  absl::StatusOr<pugi::xml_node> root = Root(document, body, "VersioningConfiguration");
  // Some stores name it after the operation, which Amazon's own SDKs do not notice.
  if (!root.ok()) root = Root(document, body, "GetBucketVersioningResponse");
  if (!root.ok()) return root.status();
  // "Suspended" keeps the old versions, but makes no new ones.
  return std::strcmp(root->child_value("Status"), "Enabled") == 0;
}

std::optional<uint64_t> WholeLength(std::string_view content_range) {
  const size_t slash = content_range.find('/');
  uint64_t length = 0;
  if (slash == std::string_view::npos ||
      !absl::SimpleAtoi(ToAbsl(content_range.substr(slash + 1)), &length)) {
    return std::nullopt;
  }
  return length;
}

}  // namespace trama::platform
