#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trama::platform {

// One answer of Redis, owned. An error as the whole answer arrives as an absl::Status instead, so
// kError stands only inside arrays (of EXEC, or of a script).
struct RedisReply {
  enum class Type { kNil, kString, kStatus, kInteger, kArray, kError };

  Type type = Type::kNil;
  std::string text;                  // kString, kStatus, kError.
  int64_t integer = 0;               // kInteger.
  std::vector<RedisReply> elements;  // kArray.

  bool is_nil() const { return type == Type::kNil; }
  bool is_error() const { return type == Type::kError; }

  // Each gives INTERNAL when the answer is of another type, which it names; AsInteger also reads a
  // string of digits, as HGET and scripts give it.
  absl::StatusOr<int64_t> AsInteger() const;
  absl::StatusOr<std::string> AsString() const;  // kString or kStatus.
  // kArray; the elements of a nil array are none.
  absl::StatusOr<std::vector<RedisReply>> AsArray() &&;

  // For test messages and debugging; shows values, so not for logs.
  std::string DebugString() const;
};

std::string_view RedisTypeName(RedisReply::Type type);

// An error answer of Redis as a Status: UNAVAILABLE for what passes (LOADING, BUSY, MASTERDOWN,
// CLUSTERDOWN, TRYAGAIN, READONLY), RESOURCE_EXHAUSTED for OOM, UNAUTHENTICATED or
// PERMISSION_DENIED for credentials, FAILED_PRECONDITION for WRONGTYPE, NOSCRIPT, EXECABORT and
// errors that a script raised, INVALID_ARGUMENT for others. Arguments that Redis repeats in its
// text are cut off: they can be personal data.
absl::Status RedisErrorStatus(std::string_view error);

}  // namespace trama::platform
