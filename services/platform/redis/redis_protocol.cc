#include "services/platform/redis/redis_protocol.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"

namespace trama::platform {
namespace {

// A server may announce any number of elements; memory is taken only as they arrive.
constexpr int kReservedElementsMax = 1024;

// Where hiredis' current item belongs: into the array that is being read, or a reply of its own.
// Pointers into `elements` stay valid: an array does not grow while one of its elements is read.
RedisReply* NewReply(const redisReadTask* task) {
  if (task->parent == nullptr) {
    auto* const whole = static_cast<RedisReply*>(task->privdata);
    *whole = RedisReply();
    return whole;
  }
  return &static_cast<RedisReply*>(task->parent->obj)->elements.emplace_back();
}

RedisReply::Type TypeOf(int hiredis_type) {
  if (hiredis_type == REDIS_REPLY_ERROR) return RedisReply::Type::kError;
  if (hiredis_type == REDIS_REPLY_STATUS) return RedisReply::Type::kStatus;
  return RedisReply::Type::kString;
}

// No exception may pass through hiredis, which is C; null tells it that memory has run out.
template <typename Fill>
void* Create(const redisReadTask* task, Fill fill) {
  try {
    RedisReply* reply = NewReply(task);
    fill(*reply);
    return reply;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void* CreateString(const redisReadTask* task, char* text, size_t size) {
  return Create(task, [&](RedisReply& reply) {
    reply.type = TypeOf(task->type);
    reply.text.assign(text, size);
  });
}

void* CreateArray(const redisReadTask* task, int elements) {
  return Create(task, [&](RedisReply& reply) {
    reply.type = RedisReply::Type::kArray;
    reply.elements.reserve(static_cast<size_t>(std::clamp(elements, 0, kReservedElementsMax)));
  });
}

void* CreateInteger(const redisReadTask* task, long long integer) {
  return Create(task, [&](RedisReply& reply) {
    reply.type = RedisReply::Type::kInteger;
    reply.integer = integer;
  });
}

void* CreateNil(const redisReadTask* task) {
  return Create(task, [](RedisReply&) {});
}

// The reader keeps the whole reply, and that its elements.
void FreeReply(void*) {}

// "$123\r\n"
void AppendLength(char type, size_t length, std::string& out) {
  std::array<char, 24> text;  // A type, up to 20 digits, a line break.
  text[0] = type;
  char* end = std::to_chars(text.data() + 1, text.data() + text.size(), length).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(text.data(), static_cast<size_t>(end - text.data()));
}

template <typename Arguments>
void AppendCommand(const Arguments& command, std::string& out) {
  // By hand: hiredis goes through printf for every length.
  constexpr size_t kFramingBytesUsual = 8;  // "$123\r\n" and "\r\n"
  size_t bytes = kFramingBytesUsual;
  for (const auto& argument : command) bytes += argument.size() + kFramingBytesUsual;
  out.reserve(out.size() + bytes);
  AppendLength('*', command.size(), out);
  for (const auto& argument : command) {
    AppendLength('$', argument.size(), out);
    out.append(argument);
    out.append("\r\n", 2);
  }
}

redisReplyObjectFunctions functions = {CreateString, CreateArray, CreateInteger, CreateNil,
                                       FreeReply};

}  // namespace

void AppendRedisCommand(const std::vector<std::string>& command, std::string& out) {
  AppendCommand(command, out);
}

void AppendRedisCommand(std::initializer_list<std::string_view> command, std::string& out) {
  AppendCommand(command, out);
}

RedisReplyReader::RedisReplyReader(size_t reply_bytes_max)
    : reply_bytes_max_(reply_bytes_max),
      reader_(redisReaderCreateWithFunctions(&functions), &redisReaderFree) {
  TRAMA_CHECK(reader_ != nullptr);
  reader_->privdata = &whole_;
}

RedisReplyReader::~RedisReplyReader() = default;

absl::Status RedisReplyReader::Feed(std::string_view bytes) {
  unfinished_bytes_ += bytes.size();
  if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) {
    return absl::DataLossError(absl::StrCat("redis: ", reader_->errstr));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<RedisReply>> RedisReplyReader::Next() {
  void* raw = nullptr;
  if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) {
    return absl::DataLossError(absl::StrCat("redis: ", reader_->errstr));
  }
  const size_t behind = raw == nullptr ? 0 : reader_->len - reader_->pos;
  if (unfinished_bytes_ - behind > reply_bytes_max_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("redis: an answer has more than ", reply_bytes_max_, " bytes"));
  }
  if (raw == nullptr) return std::optional<RedisReply>();
  unfinished_bytes_ = behind;
  return std::optional<RedisReply>(std::move(whole_));
}

}  // namespace trama::platform
