#include "services/channels/common/media_job.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "services/channels/common/interaction_ids.h"
#include "services/channels/common/proto_time.h"

namespace trama::channels {

namespace {

namespace iv = interaction::v1;

iv::Interaction Begin(const MediaJob& job, absl::Time now) {
  const iv::Interaction& message = job.message;
  const std::string part = std::to_string(job.part);
  iv::Interaction arrived;
  arrived.set_interaction_id(InteractionId(message.channel(), message.workspace(),
                                           message.channel_account(), message.vendor_message_id(),
                                           iv::KIND_MEDIA, part));
  arrived.set_workspace(message.workspace());
  arrived.set_channel(message.channel());
  arrived.set_channel_account(message.channel_account());
  arrived.set_direction(message.direction());
  arrived.set_kind(iv::KIND_MEDIA);
  arrived.set_vendor_message_id(message.vendor_message_id());
  arrived.set_conversation_key(message.conversation_key());
  *arrived.mutable_sender() = message.sender();
  SetProto(now, arrived.mutable_received_at());
  arrived.set_amends_interaction_id(message.interaction_id());
  (*arrived.mutable_channel_facts())["part"] = part;
  types::v1::Media* media = arrived.add_parts()->mutable_media();
  *media = job.media();
  return arrived;
}

// Is `wanted(content)` true of a field `number` (a message) of `serialized`? True as well for what
// is no message.
template <typename Wanted>
bool AnyField(std::string_view serialized, int number, Wanted wanted) {
  using google::protobuf::internal::WireFormatLite;
  const uint32_t wanted_tag =
      WireFormatLite::MakeTag(number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(serialized.data()),
                                            static_cast<int>(serialized.size()));
  while (const uint32_t tag = in.ReadTag()) {
    if (tag != wanted_tag) {
      if (!WireFormatLite::SkipField(&in, tag)) return true;
      continue;
    }
    int size = 0;
    if (!in.ReadVarintSizeAsInt(&size)) return true;
    const auto from = static_cast<size_t>(in.CurrentPosition());
    if (!in.Skip(size)) return true;
    if (wanted(serialized.substr(from, static_cast<size_t>(size)))) return true;
  }
  return !in.ConsumedEntireMessage();
}

}  // namespace

bool MayHaveFiles(std::string_view serialized) {
  return AnyField(serialized, iv::Interaction::kPartsFieldNumber, [](std::string_view part) {
    return AnyField(part, types::v1::Part::kMediaFieldNumber,
                    [](std::string_view) { return true; });
  });
}

std::vector<MediaJob> MediaJobsOf(const iv::Interaction& interaction, std::string_view channel) {
  std::vector<MediaJob> jobs;
  if (interaction.channel() != channel || interaction.kind() != iv::KIND_MESSAGE) return jobs;
  for (int i = 0; i < interaction.parts_size(); ++i) {
    const types::v1::Part& part = interaction.parts(i);
    if (part.has_media() && part.media().blob().empty() && !part.media().vendor_url().empty()) {
      jobs.push_back({interaction, i, {}});
    }
  }
  return jobs;
}

iv::Interaction MediaArrived(const MediaJob& job, const FetchedMedia& fetched, absl::Time now) {
  iv::Interaction arrived = Begin(job, now);
  types::v1::Media* media = arrived.mutable_parts(0)->mutable_media();
  media->set_blob(fetched.blob);
  media->set_content_type(fetched.content_type);
  media->set_size_bytes(fetched.size_bytes);
  media->set_sha256(fetched.sha256);
  return arrived;
}

iv::Interaction MediaFailed(const MediaJob& job, std::string_view why, absl::Time now) {
  iv::Interaction arrived = Begin(job, now);
  arrived.mutable_parts(0)->mutable_media()->set_fetch_error(std::string(why));
  return arrived;
}

bool IsFinalFetchError(const absl::Status& status) {
  // Bytes that were cut short on the way are worth another try, too.
  return status.code() != absl::StatusCode::kUnavailable &&
         status.code() != absl::StatusCode::kDeadlineExceeded &&
         status.code() != absl::StatusCode::kDataLoss;
}

std::string FetchErrorText(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kPermissionDenied:
      return "the vendor refused the file, or its address is not allowed";
    case absl::StatusCode::kNotFound:
      return "the vendor no longer has the file";
    case absl::StatusCode::kResourceExhausted:
      return "the file is too large";
    case absl::StatusCode::kInvalidArgument:
      return "the file's address is not usable";
    case absl::StatusCode::kDataLoss:
      return "the file is not the one that the vendor announced";
    default:
      return "the vendor could not be reached";
  }
}

}  // namespace trama::channels
