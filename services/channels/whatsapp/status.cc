#include "services/channels/whatsapp/status.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/proto_time.h"
#include "services/channels/whatsapp/vendor_errors.h"
#include "services/kernel/strings.h"

namespace trama::whatsapp {

namespace {

namespace dv = delivery::v1;

constexpr char kOurs[] = "trama1";
constexpr size_t kOurIdBytesMax = 64;

struct StatusRow {
  std::string_view word;
  dv::Status status;
};

// "read" may come without "delivered"; "played" is a voice message that was listened to.
constexpr StatusRow kStatusRows[] = {
    {"sent", dv::STATUS_SENT},   {"delivered", dv::STATUS_DELIVERED}, {"read", dv::STATUS_READ},
    {"played", dv::STATUS_READ}, {"failed", dv::STATUS_FAILED},
};

bool IsOurId(std::string_view id) {
  return id.size() <= kOurIdBytesMax && std::all_of(id.begin(), id.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_';
         });
}

struct CallbackIds {
  std::string message_id;
  std::string conversation_id;
  int32_t partition = 0;
};

// "trama1:<partition>:<conversation id>:<message id>"
std::optional<CallbackIds> ReadCallbackData(const std::string& data) {
  const std::vector<std::string> fields = absl::StrSplit(data, ':');
  CallbackIds ids;
  if (fields.size() != 4 || fields[0] != kOurs || fields[3].empty() || !IsOurId(fields[3]) ||
      !IsOurId(fields[2]) || !absl::SimpleAtoi(fields[1], &ids.partition) || ids.partition < 0) {
    return std::nullopt;
  }
  ids.conversation_id = fields[2];
  ids.message_id = fields[3];
  return ids;
}

dv::Failure ReadFailure(const Json& item) {
  for (const Json& error : ArrayOf(item, "errors")) {
    if (const std::optional<int> code = CodeOf(error); code.has_value()) {
      return FailureOfCode(*code);
    }
  }
  dv::Failure failure;
  failure.set_reason(dv::Failure::REASON_OTHER);
  failure.set_detail("the vendor gave no error code");
  return failure;
}

}  // namespace

std::string CallbackData(const outbound::v1::OutboundMessage& message) {
  return absl::StrCat(kOurs, ":", message.partition(), ":", message.conversation_id(), ":",
                      message.message_id());
}

absl::StatusOr<ParsedStatus> ParseStatus(const Json& item, const WhatsAppAccountView& account,
                                         absl::Time received_at) {
  const std::string id = TextOf(item, "id");
  if (!IsMessageId(id)) return absl::InvalidArgumentError("the status names no message");
  const std::string word = absl::AsciiStrToLower(TextOf(item, "status"));
  const auto* row = std::find_if(std::begin(kStatusRows), std::end(kStatusRows),
                                 [&](const StatusRow& each) { return each.word == word; });
  if (row == std::end(kStatusRows)) return absl::InvalidArgumentError("the status is not known");

  ParsedStatus parsed;
  parsed.event_id = absl::StrCat(id, "/", word);
  const std::optional<CallbackIds> ids = ReadCallbackData(TextOf(item, "biz_opaque_callback_data"));
  // A workspace keeps its number: with another one it is about a message of another installation at
  // the same number of the vendor's; this cluster may not even have it.
  if (!ids.has_value() || ids->partition != account.partition) return parsed;
  parsed.partition = ids->partition;
  dv::Delivery& delivery = parsed.delivery.emplace();
  delivery.set_event_id(channels::ReceiptId(kChannel, account.workspace, account.name, id, word));
  delivery.set_workspace(account.workspace);
  delivery.set_message_id(ids->message_id);
  delivery.set_conversation_id(ids->conversation_id);
  delivery.set_channel(kChannel);
  delivery.set_channel_account(account.name);
  delivery.set_status(row->status);
  delivery.set_vendor_message_id(id);
  delivery.set_vendor_status(word);
  channels::SetProto(received_at, delivery.mutable_occurred_at());
  if (row->status == dv::STATUS_FAILED) *delivery.mutable_failure() = ReadFailure(item);
  return parsed;
}

}  // namespace trama::whatsapp
