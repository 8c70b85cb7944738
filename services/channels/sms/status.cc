#include "services/channels/sms/status.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/sms/vendor_errors.h"
#include "services/kernel/strings.h"

namespace trama::sms {

namespace {

namespace dv = delivery::v1;

struct StatusRow {
  const char* word;
  dv::Status status;  // UNSPECIFIED: about a message to us, or none of ours.
};

// Everything up to "sent" proves that the vendor has the message, which is what SENT says.
constexpr StatusRow kStatusRows[] = {
    {"accepted", dv::STATUS_SENT},
    {"scheduled", dv::STATUS_SENT},
    {"queued", dv::STATUS_SENT},
    {"sending", dv::STATUS_SENT},
    {"sent", dv::STATUS_SENT},
    {"partially_delivered", dv::STATUS_SENT},
    {"delivered", dv::STATUS_DELIVERED},
    {"read", dv::STATUS_READ},
    {"undelivered", dv::STATUS_FAILED},
    {"failed", dv::STATUS_FAILED},
    {"canceled", dv::STATUS_FAILED},
    {"receiving", dv::STATUS_UNSPECIFIED},
    {"received", dv::STATUS_UNSPECIFIED},
};

const StatusRow* FindRow(std::string_view word) {
  for (const StatusRow& row : kStatusRows) {
    if (row.word == word) return &row;
  }
  return nullptr;
}

dv::Failure ReadFailure(const Params& params) {
  int code = 0;
  if (absl::SimpleAtoi(ToAbsl(Param(params, "ErrorCode")), &code) && code > 0) {
    return FailureOfCode(code);
  }
  dv::Failure failure;
  failure.set_reason(dv::Failure::REASON_OTHER);
  failure.set_detail("the vendor gave no error code");
  return failure;
}

}  // namespace

std::string CallbackQuery(const CallbackIds& ids) {
  return EncodeForm(
      {{"m", ids.message_id}, {"c", ids.conversation_id}, {"p", std::to_string(ids.partition)}});
}

absl::StatusOr<StatusCallback> ParseStatus(const Params& query, const Params& params,
                                           const SmsAccountView& account, absl::Time received_at) {
  std::string_view sid = Param(params, "MessageSid");
  if (sid.empty()) sid = Param(params, "SmsSid");
  if (!IsSid(sid)) return absl::InvalidArgumentError("parameter MessageSid is missing or no id");
  std::string_view word = Param(params, "MessageStatus");
  if (word.empty()) word = Param(params, "SmsStatus");
  const StatusRow* row = FindRow(absl::AsciiStrToLower(ToAbsl(word)));
  if (row == nullptr) {
    return absl::InvalidArgumentError("parameter MessageStatus is missing or not known");
  }

  StatusCallback callback;
  callback.event_id = absl::StrCat(ToAbsl(sid), "/", row->word);
  const std::string_view message_id = Param(query, "m");
  // Without our ids it is about a message that another system sent from the same account.
  if (row->status == dv::STATUS_UNSPECIFIED || !IsSid(message_id)) return callback;
  const std::string_view conversation_id = Param(query, "c");
  if (!conversation_id.empty() && !IsSid(conversation_id)) {
    return absl::InvalidArgumentError("field c of the query is no id");
  }
  if (!absl::SimpleAtoi(ToAbsl(Param(query, "p")), &callback.partition) || callback.partition < 0) {
    return absl::InvalidArgumentError("field p of the query is not a partition number");
  }
  // A workspace keeps its number, so this is about a message of another installation at the same
  // account; this cluster may not even have the number.
  if (callback.partition != account.partition) return callback;

  dv::Delivery& delivery = callback.delivery.emplace();
  delivery.set_event_id(
      channels::ReceiptId(kChannel, account.workspace, account.name, sid, row->word));
  delivery.set_workspace(account.workspace);
  delivery.set_message_id(std::string(message_id));
  delivery.set_conversation_id(std::string(conversation_id));
  delivery.set_channel(kChannel);
  delivery.set_channel_account(account.name);
  delivery.set_status(row->status);
  delivery.set_vendor_message_id(std::string(sid));
  delivery.set_vendor_status(row->word);
  channels::SetProto(received_at, delivery.mutable_occurred_at());
  if (row->status == dv::STATUS_FAILED) *delivery.mutable_failure() = ReadFailure(params);
  return callback;
}

}  // namespace trama::sms
