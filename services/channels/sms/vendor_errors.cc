#include "services/channels/sms/vendor_errors.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"

namespace trama::sms {

namespace {

using delivery::v1::Failure;

struct ErrorRow {
  int code;
  Failure::Reason reason;
  const char* detail;
  bool retryable = false;
};

// Ordered by code.
constexpr ErrorRow kErrorRows[] = {
    {11200, Failure::REASON_REJECTED_CONTENT, "the vendor could not fetch the file"},
    {12300, Failure::REASON_REJECTED_CONTENT, "the file's type is not carried"},
    {14107, Failure::REASON_RATE_LIMITED, "too many messages at once", true},
    {20003, Failure::REASON_NOT_AUTHORISED, "the account's credentials were refused"},
    {20005, Failure::REASON_NOT_AUTHORISED, "the vendor's account is not active"},
    {20404, Failure::REASON_NOT_AUTHORISED, "the vendor's account or resource was not found"},
    {20429, Failure::REASON_RATE_LIMITED, "too many requests at once", true},
    {21211, Failure::REASON_INVALID_RECIPIENT, "the recipient's number is not valid"},
    {21212, Failure::REASON_NOT_AUTHORISED, "the sender's number is not valid"},
    {21217, Failure::REASON_INVALID_RECIPIENT, "the recipient's number is not valid"},
    {21408, Failure::REASON_NOT_AUTHORISED, "the account may not send to this region"},
    {21602, Failure::REASON_REJECTED_CONTENT, "the message has no text"},
    {21603, Failure::REASON_NOT_AUTHORISED, "no sender number is set"},
    {21605, Failure::REASON_TOO_LONG, "the text is too long"},
    {21606, Failure::REASON_NOT_AUTHORISED, "the sender's number cannot send messages"},
    {21608, Failure::REASON_NOT_AUTHORISED, "a trial account sends to verified numbers only"},
    {21610, Failure::REASON_OPTED_OUT, "the recipient has opted out"},
    {21611, Failure::REASON_RATE_LIMITED, "the sender's queue at the vendor is full", true},
    {21612, Failure::REASON_UNREACHABLE, "the recipient cannot be reached from this sender"},
    {21614, Failure::REASON_INVALID_RECIPIENT, "the recipient's number is not a mobile number"},
    {21617, Failure::REASON_TOO_LONG, "the text is too long"},
    {21620, Failure::REASON_REJECTED_CONTENT, "the file's address was refused"},
    {21623, Failure::REASON_REJECTED_CONTENT, "too many files"},
    {30001, Failure::REASON_RATE_LIMITED, "the sender's queue at the vendor overflowed", true},
    {30002, Failure::REASON_NOT_AUTHORISED, "the vendor's account is suspended"},
    {30003, Failure::REASON_UNREACHABLE, "the handset is switched off or out of reach", true},
    {30004, Failure::REASON_UNREACHABLE, "the recipient or the carrier blocks the message"},
    {30005, Failure::REASON_INVALID_RECIPIENT, "the recipient's number is unknown"},
    {30006, Failure::REASON_INVALID_RECIPIENT, "a landline or a carrier that cannot be reached"},
    {30007, Failure::REASON_REJECTED_CONTENT, "the carrier filtered the message"},
    {30008, Failure::REASON_OTHER, "the carrier gave no reason", true},
    {30019, Failure::REASON_REJECTED_CONTENT, "the file is too large for the carrier"},
    {30032, Failure::REASON_NOT_AUTHORISED, "the toll-free number is not verified"},
    {30034, Failure::REASON_NOT_AUTHORISED, "the number is not registered for messaging"},
    {30036, Failure::REASON_EXPIRED, "its validity ended before it could be delivered"},
    {30410, Failure::REASON_VENDOR_DOWN, "the carrier did not answer in time", true},
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
  failure.set_reason(row == nullptr ? Failure::REASON_OTHER : row->reason);
  failure.set_detail(row == nullptr ? absl::StrCat("the vendor gave error ", code) : row->detail);
  failure.set_retryable(row != nullptr && row->retryable);
  return failure;
}

bool IsRetryableCode(int code) {
  const ErrorRow* row = Find(code);
  return row != nullptr && row->reason == Failure::REASON_RATE_LIMITED;
}

}  // namespace trama::sms
