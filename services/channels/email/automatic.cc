#include "services/channels/email/automatic.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "services/channels/email/message_token.h"
#include "services/kernel/strings.h"

namespace trama::email {
namespace {

std::string Lower(const ParsedMail& mail, const char* header) {
  const auto it = mail.headers.find(header);
  if (it == mail.headers.end()) return "";
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(it->second));
}

bool IsSystemSender(const std::string& address) {
  const std::string local = absl::AsciiStrToLower(ToAbsl(LocalPart(address)));
  for (const char* name : {"mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply"}) {
    if (local == name) return true;
  }
  return false;
}

}  // namespace

std::string AutomaticReason(const ParsedMail& mail, const std::string& envelope_sender,
                            const std::set<std::string>& own_addresses) {
  if (envelope_sender.empty()) return "null return path";
  if (mail.is_delivery_report) return "delivery report";
  const std::string submitted = Lower(mail, "auto-submitted");
  // "no" may carry a comment or parameters (RFC 3834, 5).
  if (!submitted.empty() && submitted != "no" && !absl::StartsWith(submitted, "no;") &&
      !absl::StartsWith(submitted, "no ")) {
    return "auto-submitted";
  }
  const std::string precedence = Lower(mail, "precedence");
  for (const char* bulk : {"bulk", "junk", "list", "auto_reply"}) {
    if (precedence == bulk) return "precedence";
  }
  for (const char* list : {"list-id", "list-unsubscribe", "list-post", "list-help"}) {
    if (mail.headers.contains(list)) return "mailing list";
  }
  const std::string suppress = Lower(mail, "x-auto-response-suppress");
  for (const char* word : {"all", "oof", "autoreply"}) {
    if (absl::StrContains(suppress, word)) return "x-auto-response-suppress";
  }
  if (IsSystemSender(mail.from.address) || IsSystemSender(envelope_sender)) return "system sender";
  if (own_addresses.contains(absl::AsciiStrToLower(mail.from.address))) return "our own address";
  return "";
}

}  // namespace trama::email
