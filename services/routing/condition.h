#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "trama/config/v1/resources.pb.h"
#include "trama/interaction/v1/interaction_events.pb.h"
#include "trama/routing/v1/routing_rows.pb.h"

namespace trama::routing {

// When a queue takes a conversation, compiled. Within a list one is enough; all lists that are not
// empty must hold.
struct Condition {
  std::vector<std::string> channels;
  std::vector<std::string> channel_accounts;
  std::vector<std::string> languages;                               // BCP 47, lower case.
  std::vector<std::string> phrases;                                 // Folded, see FoldForMatch.
  std::vector<std::pair<std::string, std::string>> customer_facts;  // Sorted.
};

Condition CompileCondition(const config::v1::Condition& when);

// Does it hold for the conversation as its row describes it?
bool Holds(const Condition& condition, const v1::ConversationRow& row);

// In words, for whoever asks why: "channel email and text contains invoice"; names what held.
std::string WhyHolds(const Condition& condition, const v1::ConversationRow& row);

// Which of `phrases` (folded) stand in subject or text of the message, sorted. Looks at no more
// than kConditionTextMaxBytes; of HTML only at what is between the tags, and only when there is no
// plain text.
std::vector<std::string> MatchPhrases(const absl::btree_set<std::string>& phrases,
                                      const interaction::v1::Interaction& message);

// Does a text in `language` count as `wanted`? "pt" takes "pt-BR", not the other way round; both in
// lower case.
bool LanguageMatches(std::string_view wanted, std::string_view language);

}  // namespace trama::routing
