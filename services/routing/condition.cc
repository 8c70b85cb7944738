#include "services/routing/condition.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/strings.h"
#include "services/kernel/text.h"
#include "services/routing/limits.h"

namespace trama::routing {
namespace {

std::vector<std::string> ListOf(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

// The first that holds, null when none does.
template <typename Test>
const std::string* FirstOf(const std::vector<std::string>& list, Test test) {
  const auto it = std::find_if(list.begin(), list.end(), test);
  return it == list.end() ? nullptr : &*it;
}

const std::string* ChannelOf(const Condition& condition, const v1::ConversationRow& row) {
  return FirstOf(condition.channels, [&](const auto& name) { return name == row.channel(); });
}

const std::string* AccountOf(const Condition& condition, const v1::ConversationRow& row) {
  return FirstOf(condition.channel_accounts,
                 [&](const auto& name) { return name == row.channel_account(); });
}

const std::string* LanguageOf(const Condition& condition, const v1::ConversationRow& row) {
  return FirstOf(condition.languages,
                 [&](const auto& tag) { return LanguageMatches(tag, row.language()); });
}

const std::string* PhraseOf(const Condition& condition, const v1::ConversationRow& row) {
  const auto& matched = row.matched_phrases();
  return FirstOf(condition.phrases, [&](const auto& phrase) {
    return std::binary_search(matched.begin(), matched.end(), phrase);
  });
}

bool HasFact(const v1::ConversationRow& row, const std::pair<std::string, std::string>& wanted) {
  return std::any_of(row.facts().begin(), row.facts().end(), [&](const v1::Fact& fact) {
    return fact.name() == wanted.first && fact.value() == wanted.second;
  });
}

// HTML without its tags; good enough to look for words in.
std::string WithoutTags(std::string_view html) {
  std::string text;
  bool in_tag = false;
  for (const char c : html) {
    if (c == '<') {
      in_tag = true;
      text.push_back(' ');
    } else if (c == '>') {
      in_tag = false;
    } else if (!in_tag) {
      text.push_back(c);
    }
  }
  return text;
}

std::string TextOf(const interaction::v1::Interaction& message, types::v1::Text::Format format) {
  std::string text;
  for (const types::v1::Part& part : message.parts()) {
    if (!part.has_text() || text.size() >= kConditionTextMaxBytes) continue;
    const bool is_html = part.text().format() == types::v1::Text::FORMAT_HTML;
    if (is_html != (format == types::v1::Text::FORMAT_HTML)) continue;
    const std::string_view body = TruncateUtf8(part.text().body(), kConditionTextMaxBytes);
    absl::StrAppend(&text, " ", is_html ? WithoutTags(body) : std::string(body));
  }
  return text;
}

}  // namespace

Condition CompileCondition(const config::v1::Condition& when) {
  Condition condition;
  condition.channels = ListOf(when.channels());
  condition.channel_accounts = ListOf(when.channel_accounts());
  for (const std::string& tag : when.languages()) {
    condition.languages.push_back(absl::AsciiStrToLower(tag));
  }
  for (const std::string& phrase : when.text_contains()) {
    std::string folded = FoldForMatch(phrase);
    if (!folded.empty()) condition.phrases.push_back(std::move(folded));
  }
  condition.customer_facts = {when.customer_facts().begin(), when.customer_facts().end()};
  std::sort(condition.customer_facts.begin(), condition.customer_facts.end());
  return condition;
}

bool Holds(const Condition& condition, const v1::ConversationRow& row) {
  return (condition.channels.empty() || ChannelOf(condition, row) != nullptr) &&
         (condition.channel_accounts.empty() || AccountOf(condition, row) != nullptr) &&
         (condition.languages.empty() || LanguageOf(condition, row) != nullptr) &&
         (condition.phrases.empty() || PhraseOf(condition, row) != nullptr) &&
         std::all_of(condition.customer_facts.begin(), condition.customer_facts.end(),
                     [&](const auto& fact) { return HasFact(row, fact); });
}

std::string WhyHolds(const Condition& condition, const v1::ConversationRow& row) {
  std::vector<std::string> reasons;
  const auto add = [&](const char* what, const std::string* which) {
    if (which != nullptr) reasons.push_back(absl::StrCat(what, " ", *which));
  };
  add("channel", ChannelOf(condition, row));
  add("channel account", AccountOf(condition, row));
  add("language", LanguageOf(condition, row));
  add("text contains", PhraseOf(condition, row));
  for (const auto& [name, value] : condition.customer_facts) {
    reasons.push_back(absl::StrCat("customer's ", name, " is ", value));
  }
  return reasons.empty() ? "takes everything" : absl::StrJoin(reasons, " and ");
}

std::vector<std::string> MatchPhrases(const absl::btree_set<std::string>& phrases,
                                      const interaction::v1::Interaction& message) {
  if (phrases.empty()) return {};  // Folding costs more than all the rest.
  std::string text = TextOf(message, types::v1::Text::FORMAT_PLAIN);
  if (text.empty()) text = TextOf(message, types::v1::Text::FORMAT_HTML);
  const std::string folded_text = FoldForMatch(TruncateUtf8(text, kConditionTextMaxBytes));
  const std::string folded_subject =
      FoldForMatch(TruncateUtf8(message.subject(), kSubjectMaxBytes));
  std::vector<std::string> matched;
  for (const std::string& phrase : phrases) {
    if (folded_text.find(phrase) != std::string::npos ||
        folded_subject.find(phrase) != std::string::npos) {
      matched.push_back(phrase);
    }
  }
  return matched;
}

bool LanguageMatches(std::string_view wanted, std::string_view language) {
  return language.substr(0, wanted.size()) == wanted &&
         (language.size() == wanted.size() || language[wanted.size()] == '-');
}

}  // namespace trama::routing
