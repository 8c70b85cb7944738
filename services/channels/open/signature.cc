#include "services/channels/open/signature.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"

namespace trama::open_channel {

namespace {

std::string OurSignature(std::string_view secret, std::string_view timestamp,
                         std::string_view body) {
  return absl::BytesToHexString(
      HmacSha256(secret, absl::StrCat(ToAbsl(timestamp), ".", ToAbsl(body))));
}

// None for a secret that is no base64.
std::optional<std::string> StandardKey(std::string_view secret) {
  absl::string_view text = ToAbsl(secret);
  absl::ConsumePrefix(&text, "whsec_");
  // Abseil also takes white space and dots.
  const bool is_base64 = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '+' || c == '/' || c == '=';
  });
  std::string key;
  if (!is_base64 || !absl::Base64Unescape(text, &key) || key.empty()) return std::nullopt;
  return key;
}

std::string StandardSignature(std::string_view key, std::string_view id, std::string_view timestamp,
                              std::string_view body) {
  return absl::Base64Escape(
      HmacSha256(key, absl::StrCat(ToAbsl(id), ".", ToAbsl(timestamp), ".", ToAbsl(body))));
}

absl::Status CheckTimestamp(std::string_view timestamp, absl::Time now) {
  int64_t seconds = 0;
  if (!absl::SimpleAtoi(ToAbsl(timestamp), &seconds)) {
    return absl::PermissionDeniedError("the timestamp is missing or not a number of seconds");
  }
  // As seconds: a time that far away would be infinite.
  const int64_t ours = absl::ToUnixSeconds(now);
  const int64_t skew_max = absl::ToInt64Seconds(kClockSkewMax);
  if (seconds < ours - skew_max || seconds > ours + skew_max) {
    return absl::PermissionDeniedError(
        absl::StrCat("the timestamp is more than ", skew_max, " s away from our clock"));
  }
  return absl::OkStatus();
}

// The values behind `prefix` in a list of signatures; those of other versions are passed over.
std::vector<std::string> SignaturesOf(std::string_view header, absl::string_view prefix) {
  std::vector<std::string> signatures;
  for (absl::string_view part : absl::StrSplit(
           ToAbsl(header), absl::ByAnyChar(prefix == "v1," ? " " : ", "), absl::SkipWhitespace())) {
    if (!absl::ConsumePrefix(&part, prefix)) continue;
    if (signatures.size() == kSignaturesMax) break;
    signatures.emplace_back(part);
  }
  return signatures;
}

// No early end: the time must not tell which candidate came close.
bool OneMatches(const std::vector<std::string>& given, const std::vector<std::string>& right) {
  bool matches = false;
  for (const std::string& signature : given) {
    for (const std::string& candidate : right) {
      matches |= EqualInConstantTime(candidate, signature);
    }
  }
  return matches;
}

absl::Status NoMatch() {
  return absl::PermissionDeniedError(
      "no signature matches: was the body signed as it was sent, with a present secret?");
}

absl::Status CheckStandard(const SignatureHeaders& headers, std::string_view body,
                           const std::vector<std::string>& secrets, absl::Time now) {
  if (absl::Status fresh = CheckTimestamp(headers.webhook_timestamp, now); !fresh.ok()) {
    return fresh;
  }
  std::vector<std::string> right;
  for (const std::string& secret : secrets) {
    const std::optional<std::string> key = StandardKey(secret);
    if (!key.has_value()) continue;
    right.push_back(StandardSignature(*key, headers.webhook_id, headers.webhook_timestamp, body));
  }
  return OneMatches(SignaturesOf(headers.webhook_signature, "v1,"), right) ? absl::OkStatus()
                                                                           : NoMatch();
}

}  // namespace

absl::Status CheckSignature(const SignatureHeaders& headers, std::string_view body,
                            const std::vector<std::string>& secrets, absl::Time now) {
  if (headers.signature.empty()) {
    if (headers.webhook_signature.empty()) {
      return absl::PermissionDeniedError("header X-Trama-Signature is missing");
    }
    return CheckStandard(headers, body, secrets, now);
  }
  if (absl::Status fresh = CheckTimestamp(headers.timestamp, now); !fresh.ok()) return fresh;
  std::vector<std::string> right;
  for (const std::string& secret : secrets) {
    right.push_back(OurSignature(secret, headers.timestamp, body));
  }
  const std::string given = absl::AsciiStrToLower(ToAbsl(headers.signature));
  return OneMatches(SignaturesOf(given, "v1="), right) ? absl::OkStatus() : NoMatch();
}

std::vector<std::pair<std::string, std::string>> SignRequest(
    std::string_view id, std::string_view body, const std::vector<std::string>& secrets,
    absl::Time now) {
  const std::string timestamp = absl::StrCat(absl::ToUnixSeconds(now));
  std::string ours;
  std::string standard;
  bool all_are_keys = true;
  for (const std::string& secret : secrets) {
    absl::StrAppend(&ours, ours.empty() ? "v1=" : ",v1=", OurSignature(secret, timestamp, body));
    const std::optional<std::string> key = StandardKey(secret);
    all_are_keys = all_are_keys && key.has_value();
    if (!all_are_keys) continue;
    absl::StrAppend(&standard, standard.empty() ? "v1," : " v1,",
                    StandardSignature(*key, id, timestamp, body));
  }
  std::vector<std::pair<std::string, std::string>> headers = {{"X-Trama-Timestamp", timestamp},
                                                              {"X-Trama-Signature", ours}};
  if (all_are_keys) {
    headers.emplace_back("webhook-id", std::string(id));
    headers.emplace_back("webhook-timestamp", timestamp);
    headers.emplace_back("webhook-signature", standard);
  }
  return headers;
}

}  // namespace trama::open_channel
