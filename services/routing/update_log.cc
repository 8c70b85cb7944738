#include "services/routing/update_log.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"

namespace trama::routing {

std::string ResumeToken::ToString() const { return absl::StrCat(incarnation, ".", sequence); }

std::optional<ResumeToken> ResumeToken::Parse(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  ResumeToken token;
  if (!absl::SimpleAtoi(ToAbsl(text.substr(0, dot)), &token.incarnation) ||
      !absl::SimpleAtoi(ToAbsl(text.substr(dot + 1)), &token.sequence)) {
    return std::nullopt;
  }
  return token;
}

void UpdateLog::Add(uint64_t sequence, const v1::AgentUpdate& update) {
  TRAMA_CHECK(sequence > gone_until_);
  TRAMA_CHECK(updates_.empty() || sequence > updates_.back().first);
  updates_.emplace_back(sequence, update.SerializeAsString());
  bytes_ += updates_.back().second.size();
  while (updates_.size() > kUpdatesMax || bytes_ > kBytesMax) {
    gone_until_ = updates_.front().first;
    bytes_ -= updates_.front().second.size();
    updates_.pop_front();
  }
}

std::optional<std::vector<v1::AgentUpdate>> UpdateLog::After(uint64_t sequence) const {
  if (sequence < gone_until_) return std::nullopt;
  std::vector<v1::AgentUpdate> missed;
  for (const auto& [number, bytes] : updates_) {
    if (number <= sequence) continue;
    TRAMA_CHECK(missed.emplace_back().ParseFromString(bytes));
  }
  return missed;
}

}  // namespace trama::routing
