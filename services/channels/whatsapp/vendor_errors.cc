#include "services/channels/whatsapp/vendor_errors.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace trama::whatsapp {

namespace {

using delivery::v1::Failure;

enum class Again { kNo, kMessage, kAccount };

struct ErrorRow {
  int code;
  Failure::Reason reason;
  const char* detail;
  Again again = Again::kNo;
};

// About one message to one user in six seconds is carried for long.
constexpr int kPairRateCode = 131056;
constexpr absl::Duration kPairRateWait = absl::Seconds(6);

constexpr char kNoPermission[] = "the access token lacks a permission for this number";
constexpr char kTemplateText[] = "the template's parameters do not fit it";

// Ordered by code.
constexpr ErrorRow kErrorRows[] = {
    {0, Failure::REASON_NOT_AUTHORISED, "the access token was refused"},
    {1, Failure::REASON_VENDOR_DOWN, "the vendor could not process the request", Again::kMessage},
    {2, Failure::REASON_VENDOR_DOWN, "the vendor's service is down", Again::kMessage},
    {3, Failure::REASON_NOT_AUTHORISED, kNoPermission},
    {4, Failure::REASON_RATE_LIMITED, "too many requests of this app at once", Again::kAccount},
    {10, Failure::REASON_NOT_AUTHORISED, kNoPermission},
    {33, Failure::REASON_NOT_AUTHORISED, "the number was deleted at the vendor"},
    {100, Failure::REASON_REJECTED_CONTENT, "the vendor refused a part of the request"},
    {190, Failure::REASON_NOT_AUTHORISED, "the access token has expired or was withdrawn"},
    {368, Failure::REASON_NOT_AUTHORISED, "the vendor has blocked the account for its conduct"},
    {80007, Failure::REASON_RATE_LIMITED, "too many requests of this account", Again::kAccount},
    {130429, Failure::REASON_RATE_LIMITED, "too many messages of this number", Again::kAccount},
    {130472, Failure::REASON_UNREACHABLE, "the recipient takes part in an experiment of Meta's"},
    {130497, Failure::REASON_NOT_AUTHORISED, "the account may not write to this country"},
    {131000, Failure::REASON_VENDOR_DOWN, "the vendor failed for no stated reason",
     Again::kMessage},
    {131005, Failure::REASON_NOT_AUTHORISED, kNoPermission},
    {131008, Failure::REASON_REJECTED_CONTENT, "the request lacks something that it needs"},
    {131009, Failure::REASON_REJECTED_CONTENT, "a value of the request is not valid"},
    {131016, Failure::REASON_VENDOR_DOWN, "the vendor's service is down", Again::kMessage},
    {131021, Failure::REASON_INVALID_RECIPIENT, "the recipient is the sender"},
    {131026, Failure::REASON_UNREACHABLE,
     "the recipient cannot get it: no WhatsApp there, an old "
     "version, or its terms are not accepted"},
    {131030, Failure::REASON_INVALID_RECIPIENT, "a test number writes to listed recipients only"},
    {131031, Failure::REASON_NOT_AUTHORISED, "the vendor has locked the account"},
    {131037, Failure::REASON_NOT_AUTHORISED, "the number's display name is not approved"},
    {131042, Failure::REASON_NOT_AUTHORISED, "something is wrong with the account's payment"},
    {131045, Failure::REASON_NOT_AUTHORISED, "the number is not registered at the vendor"},
    {131047, Failure::REASON_WINDOW_CLOSED,
     "more than 24 hours since the customer wrote; send a template"},
    {131048, Failure::REASON_RATE_LIMITED, "too many of this number's messages were called spam"},
    {131049, Failure::REASON_RATE_LIMITED, "the recipient has had enough marketing messages"},
    {131050, Failure::REASON_OPTED_OUT, "the recipient has opted out of marketing messages"},
    {131051, Failure::REASON_REJECTED_CONTENT, "the type of the message is not carried"},
    {131052, Failure::REASON_REJECTED_CONTENT, "the vendor could not fetch the file"},
    {131053, Failure::REASON_REJECTED_CONTENT, "the vendor could not take the file"},
    {131056, Failure::REASON_RATE_LIMITED, "too many messages to this recipient", Again::kMessage},
    {131057, Failure::REASON_VENDOR_DOWN, "the account is in maintenance", Again::kMessage},
    {132000, Failure::REASON_REJECTED_CONTENT, kTemplateText},
    {132001, Failure::REASON_REJECTED_CONTENT, "there is no such template in this language"},
    {132005, Failure::REASON_TOO_LONG, "the filled-in template is too long"},
    {132007, Failure::REASON_REJECTED_CONTENT, "the template breaks a rule of the vendor's"},
    {132012, Failure::REASON_REJECTED_CONTENT, kTemplateText},
    {132015, Failure::REASON_REJECTED_CONTENT, "the template is paused for its poor quality"},
    {132016, Failure::REASON_REJECTED_CONTENT, "the template was paused too often"},
    {133004, Failure::REASON_VENDOR_DOWN, "the vendor's server is down", Again::kMessage},
    {133010, Failure::REASON_NOT_AUTHORISED, "the number is not registered at the vendor"},
    {135000, Failure::REASON_REJECTED_CONTENT, "the vendor refused a part of the request"},
};

const ErrorRow* Find(int code) {
  const auto* row = std::lower_bound(std::begin(kErrorRows), std::end(kErrorRows), code,
                                     [](const ErrorRow& a, int b) { return a.code < b; });
  return row != std::end(kErrorRows) && row->code == code ? row : nullptr;
}

}  // namespace

Failure FailureOfCode(int code) {
  Failure failure;
  failure.set_vendor_code(std::to_string(code));
  const ErrorRow* row = Find(code);
  const bool is_permission = code >= 200 && code <= 299;
  if (row != nullptr) {
    failure.set_reason(row->reason);
    failure.set_detail(row->detail);
  } else {
    failure.set_reason(is_permission ? Failure::REASON_NOT_AUTHORISED : Failure::REASON_OTHER);
    failure.set_detail(is_permission ? kNoPermission
                                     : absl::StrCat("the vendor gave error ", code));
  }
  failure.set_retryable(IsRetryableCode(code));
  return failure;
}

std::optional<int> CodeOf(const Json& error) {
  int code = 0;
  if (!absl::SimpleAtoi(TextOf(error, "code"), &code)) return std::nullopt;
  return code;
}

bool IsRetryableCode(int code) {
  const ErrorRow* row = Find(code);
  return row != nullptr && row->again != Again::kNo;
}

bool IsCertainCode(int code) { return Find(code) != nullptr && code != 1 && code != 131000; }

bool IsAccountWideCode(int code) {
  const ErrorRow* row = Find(code);
  return row != nullptr && row->again == Again::kAccount;
}

absl::Duration WaitOfCode(int code) {
  return code == kPairRateCode ? kPairRateWait : absl::ZeroDuration();
}

}  // namespace trama::whatsapp
