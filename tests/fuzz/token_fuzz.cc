// What clients send back to us, or say of themselves: page and resume tokens, the metadata of a
// call; and the details of a peer's error. Input: which of it; the text.

#include <array>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/server_context.h"
#include "grpcpp/test/server_context_test_spouse.h"
#include "services/config/history_page.h"
#include "services/kernel/status_payloads.h"
#include "services/kernel/strings.h"
#include "services/platform/base/settings.h"
#include "services/platform/grpc/caller.h"
#include "services/platform/grpc/errors.h"
#include "services/profile/row_key.h"
#include "services/profile/timeline_order.h"
#include "services/routing/update_log.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/quiet_protobuf.h"

// No file is read here, and clang 14 cannot compile the one that reads them.
absl::StatusOr<std::string> trama::platform::ReadSmallFile(const std::string&, size_t) {
  return absl::NotFoundError("there are no files");
}

namespace trama {
namespace {

// A page lies within what there is, and the pages come to an end.
void CheckHistoryToken(std::string_view text) {
  constexpr int kPagesMax = 10;
  const config::HistorySpan whole{.begin = 1000, .end = 20'000};
  config::v1::HistoryRequest request;
  request.set_page_token(std::string(text));
  int64_t last = whole.end + 1;
  for (int pages = 0; pages < kPagesMax; ++pages) {
    absl::StatusOr<config::HistoryPage> page = config::HistoryPage::For(request);
    TRAMA_CHECK(page.ok() || (pages == 0 && ErrorReason(page.status()) == "INVALID_FIELD"));
    if (!page.ok()) return;
    const config::HistorySpan chosen = page->Choose(whole);
    TRAMA_CHECK(whole.begin <= chosen.begin && chosen.begin <= chosen.end);
    TRAMA_CHECK(chosen.end <= whole.end && chosen.begin < last);
    TRAMA_CHECK(chosen.end - chosen.begin <= config::kHistoryOffsetsPerCall);
    last = chosen.begin;
    request.set_page_token((*std::move(page)).Finish().next_page_token());
    if (request.page_token().empty()) return;
  }
  TRAMA_CHECK(false);
}

void CheckTimelineToken(std::string_view text) {
  const profile::PageScope scope{.workspace = "demo", .conversation_id = "c1"};
  const profile::PageScope other{.workspace = "other", .conversation_id = "c1"};
  const absl::StatusOr<std::string> position = profile::ReadPageToken(scope, text);
  TRAMA_CHECK(position.ok() || ErrorReason(position.status()) == "INVALID_FIELD");
  if (!position.ok() || position->empty()) return;
  TRAMA_CHECK(profile::IsEntityId(profile::EntryIdAt(*position)));
  TRAMA_CHECK(!profile::ReadPageToken(other, text).ok());
  TRAMA_CHECK(profile::ReadPageToken(scope, profile::MakePageToken(scope, *position)).value() ==
              *position);
}

// Nobody gets an update that he has, and nobody misses one.
void CheckResumeToken(std::string_view text) {
  const std::optional<routing::ResumeToken> token = routing::ResumeToken::Parse(text);
  if (!token.has_value()) return;
  const auto again = routing::ResumeToken::Parse(token->ToString());
  TRAMA_CHECK(again.has_value() && again->incarnation == token->incarnation);
  TRAMA_CHECK(again->sequence == token->sequence);
  routing::UpdateLog log(/*sequence=*/5);
  for (const uint64_t sequence : {7, 9, 12}) log.Add(sequence, routing::v1::AgentUpdate());
  const auto missed = log.After(token->sequence);
  TRAMA_CHECK(missed.has_value() == (token->sequence >= 5));
  if (!missed.has_value()) return;
  const size_t expected = (token->sequence < 7) + (token->sequence < 9) + (token->sequence < 12);
  TRAMA_CHECK(missed->size() == expected);
}

struct Bearer {
  const char* token;
  const char* subject;
  const char* workspace;
  const char* role;
};
constexpr std::array<Bearer, 3> kBearers = {{{"a1", "ana", "demo", "agent"},
                                             {"s1", "routing", "", "service"},
                                             {"s2", "gateway", "demo", "service"}}};

const platform::TokenStore& Tokens() {
  static const platform::TokenStore& store = *[] {
    std::string json;
    for (const Bearer& each : kBearers) {
      absl::StrAppend(&json, json.empty() ? "[" : ",", "{\"token_sha256\":\"",
                      platform::TokenSha256(each.token), "\",\"subject\":\"", each.subject,
                      "\",\"workspace\":\"", each.workspace, "\",\"roles\":[\"", each.role, "\"]}");
    }
    absl::StrAppend(&json, "]");
    return platform::TokenStore::Parse(json).value().release();
  }();
  return store;
}

// Lines of metadata, "name: value". Whoever calls is somebody whose token was sent, and has no more
// rights than it gives.
void CheckMetadata(std::string_view text) {
  grpc::ServerContext context;
  grpc::testing::ServerContextTestSpouse spouse(&context);
  std::vector<std::string> tokens;
  bool names_somebody = false;
  for (const absl::string_view line : absl::StrSplit(ToAbsl(text), '\n')) {
    const std::pair<std::string, std::string> field =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    // gRPC lets no other names through.
    if (field.first.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") !=
        std::string::npos) {
      continue;
    }
    spouse.AddClientMetadata(field.first, field.second);
    if (field.first == platform::kAuthorizationHeader) tokens.push_back(field.second);
    names_somebody |= field.first == platform::kOnBehalfOfHeader ||
                      field.first == platform::kOnBehalfOfWorkspaceHeader ||
                      field.first == platform::kOnBehalfOfRolesHeader;
  }
  const absl::StatusOr<Caller> caller = platform::CallerOf(context, Tokens());
  if (!caller.ok()) {
    TRAMA_CHECK(!ErrorReason(caller.status()).empty());
    return;
  }
  TRAMA_CHECK(tokens.size() == 1 && platform::IsSubject(caller->subject));
  const Bearer* bearer = nullptr;
  for (const Bearer& each : kBearers) {
    if (absl::StrContains(tokens.front(), each.token)) bearer = &each;
  }
  TRAMA_CHECK(bearer != nullptr);
  TRAMA_CHECK(*bearer->workspace == '\0' || caller->workspace == bearer->workspace);
  if (names_somebody || platform::IsForwarded(context)) {
    TRAMA_CHECK(std::string_view(bearer->role) == "service");
  } else {
    TRAMA_CHECK(caller->subject == bearer->subject && caller->HasRole(bearer->role));
  }
  TRAMA_CHECK(!platform::Authorize(*caller, "nobody's", {}).ok());
}

void CheckErrorDetails(std::string_view text) {
  const absl::Status status =
      platform::FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "not now", std::string(text)));
  TRAMA_CHECK(absl::IsUnavailable(status));
  ErrorMetadataOf(status);
  FieldViolationsOf(status);
  RetryDelayOf(status);
  const grpc::Status wire = platform::ToGrpc(status);
  TRAMA_CHECK(wire.error_details().size() <=
              platform::kErrorDetailsBytesMax + platform::kErrorMessageBytesMax);
  if (text.size() < platform::kErrorDetailsBytesMax) {
    TRAMA_CHECK(platform::FromGrpc(wire) == status);
  }
  absl::Status unpacked = absl::UnavailableError("not now");
  UnpackPayloads(PackPayloads(status, 2 * platform::kErrorDetailsBytesMax), unpacked);
  TRAMA_CHECK(unpacked == status);
  UnpackPayloads(text, unpacked);
}

}  // namespace
}  // namespace trama

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trama;
  if (size < 1) return 0;
  const std::string_view text = fuzz::Text(data + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      CheckHistoryToken(text);
      break;
    case 1:
      CheckTimelineToken(text);
      break;
    case 2:
      CheckResumeToken(text);
      break;
    case 3:
      CheckMetadata(text);
      break;
    default:
      CheckErrorDetails(text);
      break;
  }
  return 0;
}
