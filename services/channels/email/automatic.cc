#include "services/channels/email/automatic.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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

// How often it came through servers of a domain that one of our inboxes has.
int OwnHops(const ParsedMail& mail, const std::set<std::string>& own_addresses) {
  std::set<std::string> domains;
  for (const std::string& address : own_addresses) {
    domains.insert(address.substr(address.rfind('@') + 1));
  }
  int hops = 0;
  for (const std::string& host : mail.received_by) {
    for (const std::string& domain : domains) {
      if (host != domain && !absl::EndsWith(host, absl::StrCat(".", domain))) continue;
      ++hops;
      break;
    }
  }
  return hops;
}

bool HasListHeader(const ParsedMail& mail) {
  const auto from = mail.headers.lower_bound("list-");
  return from != mail.headers.end() && absl::StartsWith(from->first, "list-");
}

}  // namespace

bool IsSystemSender(const std::string& address) {
  const std::string local = absl::AsciiStrToLower(ToAbsl(LocalPart(address)));
  for (const char* name : {"mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply"}) {
    if (local == name) return true;
  }
  return false;
}

std::string AutomaticReason(const ParsedMail& mail, const std::string& envelope_sender,
                            const std::set<std::string>& own_addresses) {
  if (envelope_sender.empty()) return "null return path";
  if (mail.is_delivery_report()) return "delivery report";
  if (!mail.report_type.empty()) return "report";
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
  if (HasListHeader(mail)) return "mailing list";
  const std::string suppress = Lower(mail, "x-auto-response-suppress");
  for (const char* word : {"all", "oof", "autoreply"}) {
    if (absl::StrContains(suppress, word)) return "x-auto-response-suppress";
  }
  if (IsSystemSender(mail.from.address) || IsSystemSender(envelope_sender)) return "system sender";
  if (own_addresses.contains(absl::AsciiStrToLower(mail.from.address))) return "our own address";
  if (own_addresses.contains(Lower(mail, "x-loop"))) return "our own mail";
  if (OwnHops(mail, own_addresses) > kOwnLoopsMax) return "mail loop";
  return "";
}

}  // namespace trama::email
