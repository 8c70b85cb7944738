#pragma once

#include <string_view>

#include "absl/status/status.h"

// What a failed call to Kafka means for the caller. Every error of this library carries its kind;
// the status code follows from it or from the broker's answer:
//
//   kind        code                                    what to do
//   kRetriable  UNAVAILABLE, DEADLINE_EXCEEDED,         the same call again, later
//               RESOURCE_EXHAUSTED (own queue full)
//   kAbortable  ABORTED                                 Abort(), then a new transaction
//   kFenced     FAILED_PRECONDITION                     another one has taken over: destroy the
//   client kFatal      INTERNAL                                destroy the client kOther      by
//   cause: NOT_FOUND, PERMISSION_DENIED, UNAUTHENTICATED, INVALID_ARGUMENT,
//               OUT_OF_RANGE (the offset is gone), ALREADY_EXISTS, UNKNOWN
namespace trama::platform {

enum class KafkaErrorKind { kNone, kRetriable, kAbortable, kFenced, kFatal, kOther };

// kNone for OK; kOther for an error that this library did not make.
KafkaErrorKind KindOf(const absl::Status& status);

std::string_view KindName(KafkaErrorKind kind);

}  // namespace trama::platform
