#include "services/platform/kafka/dead_letter.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "services/kernel/check.h"
#include "services/kernel/ids.h"
#include "services/platform/kafka/cloud_event.h"
#include "services/platform/kafka/topics.h"
#include "trama/deadletter/v1/deadletter.pb.h"

namespace trama::platform {
namespace {

using deadletter::v1::DeadLetter;

void AddHeaders(const std::vector<Header>& headers, DeadLetter& letter) {
  for (const Header& header : headers) {
    deadletter::v1::Header& copy = *letter.add_headers();
    copy.set_key(header.key);
    copy.set_value(header.value);
  }
}

Record ToRecord(DeadLetter& letter, const DeadLetterReason& why) {
  letter.set_service(why.service);
  letter.set_reason(why.reason);
  letter.set_workspace(why.workspace);
  const int64_t failed_ms = absl::ToUnixMillis(why.failed_at);
  letter.mutable_failed_at()->set_seconds(failed_ms / 1000);
  letter.mutable_failed_at()->set_nanos(static_cast<int32_t>(failed_ms % 1000) * 1'000'000);

  absl::StatusOr<std::vector<Header>> headers =
      EventHeaders({.id = letter.dead_letter_id(),
                    .source = "/trama/" + why.service,
                    .type = DeadLetter::descriptor()->full_name(),
                    .time = why.failed_at,
                    .subject = letter.source(),
                    .traceparent = why.traceparent});
  TRAMA_CHECK(headers.ok());  // All three that it needs are made above.
  Record record;
  record.topic = kDeadLetters;
  record.partition = 0;
  record.key = letter.source();
  record.value = letter.SerializeAsString();
  record.headers = *std::move(headers);
  return record;
}

}  // namespace

Record DeadLetterOf(const Record& original, const DeadLetterReason& why) {
  DeadLetter letter;
  letter.set_dead_letter_id(DerivedId({"dead letter", why.service, Place(original)}));
  letter.set_source(original.topic);
  letter.set_source_topic(original.topic);
  letter.set_source_partition(original.partition);
  letter.set_source_offset(original.offset);
  letter.set_key(original.key);
  if (original.value.has_value()) letter.set_value(*original.value);
  if (const std::string* type = FindHeader(original, "content-type")) {
    letter.set_content_type(*type);
  }
  int32_t requeued = 0;
  const std::string* count = FindHeader(original, kRequeuedHeader);
  if (count != nullptr && absl::SimpleAtoi(*count, &requeued)) letter.set_requeued(requeued);
  AddHeaders(original.headers, letter);
  return ToRecord(letter, why);
}

Record DeadLetterOf(const ForeignInput& original, const DeadLetterReason& why) {
  DeadLetter letter;
  letter.set_dead_letter_id(DerivedId({"dead letter", why.service, original.source, original.id}));
  letter.set_source(original.source);
  letter.set_value(original.body);
  letter.set_content_type(original.content_type);
  AddHeaders(original.headers, letter);
  return ToRecord(letter, why);
}

}  // namespace trama::platform
