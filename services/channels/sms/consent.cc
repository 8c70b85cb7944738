#include "services/channels/sms/consent.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "services/channels/sms/account.h"
#include "services/kernel/strings.h"

namespace trama::sms {

namespace {

using interaction::v1::Consent;

constexpr size_t kWordMaxBytes = 16;  // Longer texts are no word of consent.

bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsTollFree(std::string_view number) {
  constexpr std::array<absl::string_view, 7> kPrefixes = {"+1800", "+1833", "+1844", "+1855",
                                                          "+1866", "+1877", "+1888"};
  return number.size() == 12 &&
         std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](absl::string_view prefix) {
           return absl::StartsWith(ToAbsl(number), prefix);
         });
}

// `to`: the number that was written to.
Consent::Action ActionOfWord(std::string_view word, std::string_view to) {
  if (word.empty()) return Consent::ACTION_UNSPECIFIED;
  if (IsOneOf(word,
              {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})) {
    return Consent::ACTION_OPT_OUT;
  }
  if (IsOneOf(word, {"START", "UNSTOP"})) return Consent::ACTION_OPT_IN;
  if (word == "YES" && !IsTollFree(to)) return Consent::ACTION_OPT_IN;
  if (IsOneOf(word, {"HELP", "INFO"})) return Consent::ACTION_HELP;
  return Consent::ACTION_UNSPECIFIED;
}

Consent::Action ActionOfType(std::string_view opt_out_type) {
  if (opt_out_type == "STOP") return Consent::ACTION_OPT_OUT;
  if (opt_out_type == "START") return Consent::ACTION_OPT_IN;
  if (opt_out_type == "HELP") return Consent::ACTION_HELP;
  return Consent::ACTION_UNSPECIFIED;
}

}  // namespace

std::optional<Consent> ConsentOf(std::string_view opt_out_type, std::string_view body,
                                 std::string_view to) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(ToAbsl(body));
  const std::string word =
      trimmed.size() <= kWordMaxBytes ? absl::AsciiStrToUpper(trimmed) : std::string();

  const auto consent = [](Consent::Action action, std::string evidence) {
    Consent said;
    said.set_purpose(kChannel);
    said.set_action(action);
    said.set_evidence(std::move(evidence));
    return said;
  };
  if (!opt_out_type.empty()) {
    const Consent::Action action = ActionOfType(absl::AsciiStrToUpper(ToAbsl(opt_out_type)));
    if (action != Consent::ACTION_UNSPECIFIED) {
      // With Advanced Opt-Out the words are the account's own; the text itself is the evidence.
      return consent(action, word.empty() ? std::string(opt_out_type) : word);
    }
  }
  const Consent::Action action = ActionOfWord(word, to);
  if (action == Consent::ACTION_UNSPECIFIED) return std::nullopt;
  return consent(action, word);
}

}  // namespace trama::sms
