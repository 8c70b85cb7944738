#include "services/profile/timeline_order.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/util/time_util.h"
#include "services/kernel/errors.h"
#include "services/kernel/ids.h"
#include "services/kernel/strings.h"
#include "services/profile/row_key.h"

namespace trama::profile {
namespace {

constexpr size_t kTimeDigits = 16;
constexpr char kTokenVersion[] = "1";
constexpr size_t kTokenBytesMax = 512;

bool IsPosition(const std::string& text) {
  return text.size() > kTimeDigits && text[kTimeDigits] == ':' &&
         std::all_of(text.begin(), text.begin() + kTimeDigits,
                     [](unsigned char c) { return absl::ascii_isxdigit(c); }) &&
         IsEntityId(std::string_view(text).substr(kTimeDigits + 1));
}

std::string ScopeId(const PageScope& scope) {
  return DerivedId({"page", scope.workspace, scope.conversation_id,
                    scope.oldest_first ? "oldest first" : "newest first"});
}

}  // namespace

std::string PositionOf(const v1::TimelineEntry& entry) {
  const int64_t micros =
      std::max<int64_t>(0, google::protobuf::util::TimeUtil::TimestampToMicroseconds(entry.at()));
  return absl::StrFormat("%016x:%s", micros, entry.entry_id());
}

std::string EntryIdAt(const std::string& position) { return position.substr(kTimeDigits + 1); }

std::string MakePageToken(const PageScope& scope, const std::string& last_position) {
  return absl::WebSafeBase64Escape(
      absl::StrCat(kTokenVersion, " ", ScopeId(scope), " ", last_position));
}

absl::StatusOr<std::string> ReadPageToken(const PageScope& scope, std::string_view token) {
  if (token.empty()) return "";
  std::string text;
  if (token.size() > kTokenBytesMax || !absl::WebSafeBase64Unescape(ToAbsl(token), &text)) {
    return InvalidField("page_token", "", "is none of ours; take it from next_page_token");
  }
  const std::vector<std::string> parts = absl::StrSplit(text, ' ');
  if (parts.size() != 3 || parts[0] != kTokenVersion || !IsPosition(parts[2])) {
    return InvalidField("page_token", "", "is none of ours; take it from next_page_token");
  }
  if (parts[1] != ScopeId(scope)) {
    return InvalidField("page_token", "",
                        "is of another workspace, conversation_id or oldest_first; begin anew");
  }
  return parts[2];
}

std::vector<Placed> MergePositions(const std::vector<std::vector<std::string>>& lists,
                                   bool oldest_first, size_t limit) {
  std::vector<size_t> next(lists.size(), 0);
  std::vector<Placed> merged;
  while (merged.size() < limit) {
    const std::string* best = nullptr;
    size_t from = 0;
    for (size_t i = 0; i < lists.size(); ++i) {
      if (next[i] == lists[i].size()) continue;
      const std::string& candidate = lists[i][next[i]];
      if (best == nullptr || (oldest_first ? candidate < *best : candidate > *best)) {
        best = &candidate;
        from = i;
      }
    }
    if (best == nullptr) break;
    merged.push_back({*best, from});
    for (size_t i = 0; i < lists.size(); ++i) {
      if (next[i] < lists[i].size() && lists[i][next[i]] == merged.back().position) ++next[i];
    }
  }
  return merged;
}

}  // namespace trama::profile
