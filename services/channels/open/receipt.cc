#include "services/channels/open/receipt.h"

#include <string>
#include <string_view>

#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/open/event.h"

namespace trama::open_channel {

namespace {

namespace dv = delivery::v1;

struct StatusRow {
  const char* word;
  dv::Status status;
};
constexpr StatusRow kStatuses[] = {
    {"sent", dv::STATUS_SENT},
    {"delivered", dv::STATUS_DELIVERED},
    {"read", dv::STATUS_READ},
    {"failed", dv::STATUS_FAILED},
};

// The closed list of reasons, in the integrator's words.
struct ReasonRow {
  const char* word;
  dv::Failure::Reason reason;
};
constexpr ReasonRow kReasons[] = {
    {"invalid_recipient", dv::Failure::REASON_INVALID_RECIPIENT},
    {"opted_out", dv::Failure::REASON_OPTED_OUT},
    {"rejected_content", dv::Failure::REASON_REJECTED_CONTENT},
    {"too_long", dv::Failure::REASON_TOO_LONG},
    {"unreachable", dv::Failure::REASON_UNREACHABLE},
    {"not_authorised", dv::Failure::REASON_NOT_AUTHORISED},
    {"rate_limited", dv::Failure::REASON_RATE_LIMITED},
    {"vendor_down", dv::Failure::REASON_VENDOR_DOWN},
    {"expired", dv::Failure::REASON_EXPIRED},
    {"bounced", dv::Failure::REASON_BOUNCED},
    {"other", dv::Failure::REASON_OTHER},
};

dv::Status FindStatus(std::string_view word) {
  for (const StatusRow& row : kStatuses) {
    if (row.word == word) return row.status;
  }
  return dv::STATUS_UNSPECIFIED;
}

dv::Failure ReadFailure(const FieldReader& error) {
  dv::Failure failure;
  failure.set_reason(dv::Failure::REASON_OTHER);
  const std::string word = error.Text("reason", kIdBytesMax);
  bool known = word.empty();
  for (const ReasonRow& row : kReasons) {
    if (row.word != word) continue;
    failure.set_reason(row.reason);
    known = true;
  }
  if (!known) error.Refuse("reason", "is not a reason that we know, for example unreachable");
  failure.set_vendor_code(error.Text("code", kIdBytesMax));
  failure.set_detail("the integrator says that it has failed");
  return failure;
}

}  // namespace

dv::Delivery ReadReceipt(const FieldReader& event, const OpenAccountView& account,
                         absl::Time received_at, std::optional<Refusal>& refusal) {
  dv::Delivery receipt;
  const FieldReader message = event.Object("message");
  event.Moment("occurred_at", received_at);
  receipt.set_message_id(message.RequiredId("id"));
  receipt.set_vendor_message_id(message.Id("external_id"));
  receipt.set_conversation_id(event.Id("conversation_id"));
  if (receipt.conversation_id().empty()) {
    event.Refuse("conversation_id", "is missing: give that of the message as we have sent it");
  }
  const std::string word = event.Text("status", kIdBytesMax);
  receipt.set_status(FindStatus(word));
  if (receipt.status() == dv::STATUS_UNSPECIFIED) {
    event.Refuse("status",
                 word.empty() ? "is missing" : "is none of sent, delivered, read, failed");
  }
  if (receipt.status() == dv::STATUS_FAILED) {
    *receipt.mutable_failure() = ReadFailure(event.Object("error"));
  }
  if (refusal.has_value()) return receipt;
  receipt.set_event_id(
      channels::ReceiptId(kChannel, account.workspace, account.name, receipt.message_id(), word));
  receipt.set_workspace(account.workspace);
  receipt.set_channel(kChannel);
  receipt.set_channel_account(account.name);
  receipt.set_vendor_status(word);
  channels::SetProto(received_at, receipt.mutable_occurred_at());
  return receipt;
}

}  // namespace trama::open_channel
