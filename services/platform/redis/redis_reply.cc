#include "services/platform/redis/redis_reply.h"

#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"

namespace trama::platform {
namespace {

absl::Status WrongType(const RedisReply& reply, std::string_view wanted) {
  return absl::InternalError(absl::StrCat("redis answered with ", ToAbsl(RedisTypeName(reply.type)),
                                          " where ", ToAbsl(wanted), " was expected"));
}

struct ErrorCode {
  std::string_view prefix;
  absl::StatusCode code;
};

constexpr std::array<ErrorCode, 20> kErrorCodes = {{
    {"LOADING", absl::StatusCode::kUnavailable},
    {"BUSY", absl::StatusCode::kUnavailable},
    {"MASTERDOWN", absl::StatusCode::kUnavailable},
    {"CLUSTERDOWN", absl::StatusCode::kUnavailable},
    {"TRYAGAIN", absl::StatusCode::kUnavailable},
    {"READONLY", absl::StatusCode::kUnavailable},
    {"NOREPLICAS", absl::StatusCode::kUnavailable},
    {"MISCONF", absl::StatusCode::kUnavailable},  // It cannot save and so refuses to write.
    {"UNBLOCKED", absl::StatusCode::kUnavailable},
    {"OOM", absl::StatusCode::kResourceExhausted},
    {"NOAUTH", absl::StatusCode::kUnauthenticated},
    {"WRONGPASS", absl::StatusCode::kUnauthenticated},
    {"NOPERM", absl::StatusCode::kPermissionDenied},
    {"WRONGTYPE", absl::StatusCode::kFailedPrecondition},
    {"NOSCRIPT", absl::StatusCode::kFailedPrecondition},
    {"EXECABORT", absl::StatusCode::kFailedPrecondition},
    {"MOVED", absl::StatusCode::kFailedPrecondition},
    {"ASK", absl::StatusCode::kFailedPrecondition},
    {"CROSSSLOT", absl::StatusCode::kInvalidArgument},
    {"ERR", absl::StatusCode::kInvalidArgument},
}};

}  // namespace

std::string_view RedisTypeName(RedisReply::Type type) {
  switch (type) {
    case RedisReply::Type::kNil:
      return "nil";
    case RedisReply::Type::kString:
      return "a string";
    case RedisReply::Type::kStatus:
      return "a status";
    case RedisReply::Type::kInteger:
      return "an integer";
    case RedisReply::Type::kArray:
      return "an array";
    case RedisReply::Type::kError:
      return "an error";
  }
  return "something unknown";
}

absl::StatusOr<int64_t> RedisReply::AsInteger() const {
  if (type == Type::kInteger) return integer;
  int64_t number = 0;
  if (type == Type::kString && absl::SimpleAtoi(text, &number)) return number;
  if (is_error()) return RedisErrorStatus(text);
  return WrongType(*this, "an integer");
}

absl::StatusOr<std::string> RedisReply::AsString() const {
  if (type == Type::kString || type == Type::kStatus) return text;
  if (is_error()) return RedisErrorStatus(text);
  return WrongType(*this, "a string");
}

absl::StatusOr<std::vector<RedisReply>> RedisReply::AsArray() && {
  if (type == Type::kArray) return std::move(elements);
  if (is_nil()) return std::vector<RedisReply>();
  if (is_error()) return RedisErrorStatus(text);
  return WrongType(*this, "an array");
}

std::string RedisReply::DebugString() const {
  switch (type) {
    case Type::kNil:
      return "nil";
    case Type::kString:
      return absl::StrCat("\"", absl::CEscape(text), "\"");
    case Type::kStatus:
      return text;
    case Type::kInteger:
      return absl::StrCat(integer);
    case Type::kError:
      return absl::StrCat("error ", text);
    case Type::kArray:
      break;
  }
  std::string out = "[";
  for (const RedisReply& element : elements) {
    absl::StrAppend(&out, out.size() == 1 ? "" : ", ", element.DebugString());
  }
  return out + "]";
}

absl::Status RedisErrorStatus(std::string_view error) {
  // "ERR unknown command 'x', with args beginning with: 'anna@example.org'"
  const std::string text =
      absl::StrCat("redis: ", ToAbsl(error.substr(0, error.find(", with args beginning with"))));
  const std::string_view prefix = error.substr(0, error.find(' '));
  for (const ErrorCode& known : kErrorCodes) {
    if (prefix != known.prefix) continue;
    // "ERR Error running script ...", before Redis 7; "ERR user_script: ..." since.
    const bool by_script = prefix == "ERR" && (error.find(" script") != std::string_view::npos ||
                                               error.find("user_script") != std::string_view::npos);
    return absl::Status(by_script ? absl::StatusCode::kFailedPrecondition : known.code, text);
  }
  // A code of its own is what a script gives with redis.error_reply.
  return absl::FailedPreconditionError(text);
}

}  // namespace trama::platform
