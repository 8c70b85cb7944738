// What the stores answer: S3, and Redis over its connection. Input: which of them; the size of the
// pieces; the bytes.

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"
#include "services/kernel/text.h"
#include "services/platform/blob/s3_answers.h"
#include "services/platform/redis/redis_connection.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/peer.h"

namespace trama::platform {
namespace {

constexpr size_t kReplyBytesMax = 256;

void CheckS3(std::string_view body, int status) {
  HttpResponse response = HttpResponse::Empty(status);
  response.body = std::string(body);
  const absl::Status error = S3Error("read", response);
  TRAMA_CHECK(absl::IsUnavailable(error) || absl::IsResourceExhausted(error));
  // It goes into logs.
  TRAMA_CHECK(IsUtf8(ToStd(error.message())) && error.message().size() < 200);
  if (IsMissingObject(response)) TRAMA_CHECK(status == 404 && S3ErrorCode(body) == "NoSuchKey");
  const absl::StatusOr<S3Page> page = ParseS3Page(body);
  if (page.ok()) {
    TRAMA_CHECK(page->objects.size() < body.size() && !KeepsVersions(body).ok());
    // Whoever erases by age would erase it.
    for (const S3Object& object : page->objects) {
      TRAMA_CHECK(object.written != absl::InfinitePast());
    }
  }
  if (const std::optional<uint64_t> length = WholeLength(body); length.has_value()) {
    TRAMA_CHECK(WholeLength(absl::StrCat("bytes 0-0/", *length)) == length);
  }
}

// Replies, and what ended them.
struct RedisDialogue {
  std::vector<std::string> replies;
  absl::StatusCode end = absl::StatusCode::kOk;
};

size_t CountReplies(const RedisReply& reply) {
  size_t count = 1;
  for (const RedisReply& element : reply.elements) count += CountReplies(element);
  return count;
}

RedisDialogue ReadReplies(std::string_view bytes, size_t piece) {
  RedisReplyReader reader(kReplyBytesMax);
  RedisDialogue dialogue;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    absl::Status fed = reader.Feed(bytes.substr(at, piece));
    while (fed.ok()) {
      const absl::StatusOr<std::optional<RedisReply>> next = reader.Next();
      fed = next.status();
      if (!next.ok() || !next->has_value()) break;
      const RedisReply& reply = **next;
      TRAMA_CHECK(CountReplies(reply) <= kReplyBytesMax);
      TRAMA_CHECK(reply.AsInteger().ok() || !reply.AsInteger().status().message().empty());
      dialogue.replies.push_back(reply.DebugString());
    }
    dialogue.end = fed.code();
    if (!fed.ok()) break;
  }
  return dialogue;
}

void CheckReplies(std::string_view bytes, size_t piece) {
  const RedisDialogue whole = ReadReplies(bytes, std::numeric_limits<size_t>::max());
  const RedisDialogue pieces = ReadReplies(bytes, piece);
  TRAMA_CHECK(whole.replies == pieces.replies);
  // What is both too long and no protocol may be either.
  TRAMA_CHECK((whole.end == absl::StatusCode::kOk) == (pieces.end == absl::StatusCode::kOk));
}

struct Greeted {
  absl::StatusCode code = absl::StatusCode::kOk;
  RedisServerInfo server;
};

Greeted Greet(std::string_view bytes, size_t piece) {
  RedisOptions options;
  options.password = "the-password";
  options.database = 1;
  options.reply_bytes_max = kReplyBytesMax;
  fuzz::Peer peer(bytes, piece);
  Greeted greeted;
  const ServerAddress address{.host = "127.0.0.1", .port = 6379};
  const absl::StatusOr<std::shared_ptr<RedisConnection>> connection =
      peer.Run(OpenRedisConnection(options, address, nullptr, &greeted.server));
  greeted.code = connection.status().code();
  return greeted;
}

void CheckGreeting(std::string_view bytes, size_t piece) {
  const Greeted whole = Greet(bytes, std::numeric_limits<size_t>::max());
  const Greeted pieces = Greet(bytes, piece);
  if (whole.code == absl::StatusCode::kOk) {
    TRAMA_CHECK(pieces.code == whole.code && pieces.server.run_id == whole.server.run_id);
  } else if (pieces.code == absl::StatusCode::kOk) {
    // What stands behind the last answer is noticed at once if it is there already.
    TRAMA_CHECK(whole.code == absl::StatusCode::kDataLoss ||
                whole.code == absl::StatusCode::kResourceExhausted);
  }
  if (whole.code == absl::StatusCode::kOk) TRAMA_CHECK(!whole.server.replica);
  const RedisServerInfo info = ParseRedisInfo(bytes);
  TRAMA_CHECK(info.run_id.find_first_of("\r\n") == std::string::npos);
}

}  // namespace
}  // namespace trama::platform

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  if (size < 2) return 0;
  const size_t piece = 1 + data[1] % 64;
  const std::string_view bytes = fuzz::Text(data + 2, size - 2);
  switch (data[0] % 3) {
    case 0:
      platform::CheckS3(bytes, 100 + data[1] * 2);
      break;
    case 1:
      platform::CheckReplies(bytes, piece);
      break;
    default:
      platform::CheckGreeting(bytes, piece);
      break;
  }
  return 0;
}
