#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/timestamp.pb.h"

// Words of the command line and of tables for what protos write otherwise.
namespace trama::tramactl {

// STATE_QUEUED of enum State → "queued"; the number when it is of a later release.
template <typename Enum>
std::string WordOf(Enum value);

// "queued" → STATE_QUEUED; INVALID_ARGUMENT with a suggestion otherwise.
template <typename Enum>
absl::StatusOr<Enum> ParseWord(const std::string& word);

// "15:04:05" today, otherwise "2026-04-21 15:04"; in local time; empty when absent.
std::string ShortTime(const google::protobuf::Timestamp& time);

// "2026-04-21T09:30:00Z", "2026-04-21", or a duration back from now such as "24h".
absl::StatusOr<google::protobuf::Timestamp> ParseTimeOrAgo(const std::string& text);

namespace names_internal {
std::string Word(const google::protobuf::EnumDescriptor& type, int number);
absl::StatusOr<int> Number(const google::protobuf::EnumDescriptor& type, const std::string& word);
}  // namespace names_internal

template <typename Enum>
std::string WordOf(Enum value) {
  return names_internal::Word(*google::protobuf::GetEnumDescriptor<Enum>(), value);
}

template <typename Enum>
absl::StatusOr<Enum> ParseWord(const std::string& word) {
  const auto number = names_internal::Number(*google::protobuf::GetEnumDescriptor<Enum>(), word);
  if (!number.ok()) return number.status();
  return static_cast<Enum>(*number);
}

}  // namespace trama::tramactl
