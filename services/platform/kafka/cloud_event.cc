#include "services/platform/kafka/cloud_event.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/moment.h"

namespace trama::platform {
namespace {

constexpr char kSpecVersion[] = "1.0";
constexpr char kSpecVersionHeader[] = "ce_specversion";
constexpr char kIdHeader[] = "ce_id";
constexpr char kSourceHeader[] = "ce_source";
constexpr char kTypeHeader[] = "ce_type";
constexpr char kTimeHeader[] = "ce_time";
constexpr char kContentTypeHeader[] = "content-type";
constexpr char kTraceparentHeader[] = "traceparent";

constexpr size_t kHeadersMax = 8;

absl::Status Mistake(const std::string& header, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("header ", header, " ", what));
}

// A header may be anything and of any length.
std::string Quoted(const std::string& value) {
  constexpr size_t kQuotedBytesMax = 64;
  return absl::StrCat("\"", absl::CHexEscape(value.substr(0, kQuotedBytesMax)), "\"");
}

absl::Status Required(const std::string& value, const char* header) {
  return value.empty() ? Mistake(header, "is missing") : absl::OkStatus();
}

// "2026-11-29T07:41:02.123Z" (RFC 3339). Most records of a moment have the same second, whose text
// is kept.
std::string TimeText(absl::Time time) {
  thread_local std::pair<int64_t, std::string> kept;
  const int64_t second = absl::ToUnixSeconds(time);
  if (kept.second.empty() || kept.first != second) {
    kept = {second, absl::FormatTime("%Y-%m-%d%ET%H:%M:%S", time, absl::UTCTimeZone())};
  }
  const int64_t millis = absl::ToInt64Milliseconds(time - absl::FromUnixSeconds(second));
  return absl::StrCat(kept.second, ".", absl::Dec(millis, absl::kZeroPad3), "Z");
}

std::string HeaderOr(const Record& record, const char* header) {
  const std::string* value = FindHeader(record, header);
  return value == nullptr ? "" : *value;
}

}  // namespace

absl::StatusOr<std::vector<Header>> EventHeaders(EventAttributes attributes) {
  for (const auto& [value, header] :
       {std::pair(&attributes.id, kIdHeader), std::pair(&attributes.source, kSourceHeader),
        std::pair(&attributes.type, kTypeHeader)}) {
    const absl::Status present = Required(*value, header);
    if (!present.ok()) return present;
  }
  std::vector<Header> headers;
  headers.reserve(kHeadersMax);
  headers.push_back({kSpecVersionHeader, kSpecVersion});
  headers.push_back({kIdHeader, std::move(attributes.id)});
  headers.push_back({kSourceHeader, std::move(attributes.source)});
  headers.push_back({kTypeHeader, std::move(attributes.type)});
  headers.push_back({kContentTypeHeader, kProtobufContentType});
  if (attributes.time != absl::InfinitePast()) {
    headers.push_back({kTimeHeader, TimeText(attributes.time)});
  }
  if (!attributes.subject.empty())
    headers.push_back({kSubjectHeader, std::move(attributes.subject)});
  if (!attributes.traceparent.empty()) {
    headers.push_back({kTraceparentHeader, std::move(attributes.traceparent)});
  }
  return headers;
}

absl::StatusOr<EventAttributes> ParseEventHeaders(const Record& record) {
  const std::string version = HeaderOr(record, kSpecVersionHeader);
  if (version != kSpecVersion) {
    return Mistake(
        kSpecVersionHeader,
        version.empty() ? "is missing" : absl::StrCat(Quoted(version), " must be ", kSpecVersion));
  }
  // Parameters may follow: "application/protobuf; proto=…".
  const std::string content_type = HeaderOr(record, kContentTypeHeader);
  const std::string media_type = content_type.substr(0, content_type.find_first_of("; "));
  if (!absl::EqualsIgnoreCase(media_type, kProtobufContentType)) {
    return Mistake(kContentTypeHeader,
                   absl::StrCat(Quoted(content_type), " must be ", kProtobufContentType));
  }
  EventAttributes attributes;
  attributes.id = HeaderOr(record, kIdHeader);
  attributes.source = HeaderOr(record, kSourceHeader);
  attributes.type = HeaderOr(record, kTypeHeader);
  for (const auto& [value, header] :
       {std::pair(&attributes.id, kIdHeader), std::pair(&attributes.source, kSourceHeader),
        std::pair(&attributes.type, kTypeHeader)}) {
    const absl::Status present = Required(*value, header);
    if (!present.ok()) return present;
  }
  const std::string* time = FindHeader(record, kTimeHeader);
  if (time != nullptr && !ParseMoment(absl::RFC3339_full, *time, &attributes.time)) {
    return Mistake(kTimeHeader, absl::StrCat(Quoted(*time), " is not an RFC 3339 time"));
  }
  attributes.subject = HeaderOr(record, kSubjectHeader);
  attributes.traceparent = HeaderOr(record, kTraceparentHeader);
  return attributes;
}

absl::StatusOr<Record> EventRecord(OutRecord out, int32_t partition, std::string_view source) {
  absl::StatusOr<std::vector<Header>> headers =
      EventHeaders({.id = std::move(out.id),
                    .source = std::string(source),
                    .type = std::move(out.type),
                    .time = out.time,
                    .subject = std::move(out.subject),
                    .traceparent = std::move(out.traceparent)});
  if (!headers.ok()) return headers.status();
  Record record;
  record.topic = std::move(out.topic);
  record.partition = partition;
  record.key = std::move(out.key);
  record.value = std::move(out.value);
  record.headers = *std::move(headers);
  return record;
}

}  // namespace trama::platform
