#include "services/channels/email/inboxes.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "services/channels/email/message_token.h"
#include "services/kernel/email_address.h"

namespace trama::email {
namespace {

// How addresses are compared; empty for what is none.
std::string KeyOf(const std::string& address) {
  const absl::StatusOr<EmailAddress> parsed = EmailAddress::Parse(address);
  return parsed.ok() ? parsed->Key() : "";
}

std::string WithoutDetail(const std::string& key) {
  const size_t at = key.rfind('@');
  const size_t plus = key.find('+');
  if (at == std::string::npos || plus == std::string::npos || plus == 0 || plus > at) return key;
  return key.substr(0, plus) + key.substr(at);
}

bool HasAddress(const config::v1::EmailAccount& account, const std::string& key) {
  if (KeyOf(account.address()) == key) return true;
  for (const std::string& alias : account.aliases()) {
    if (KeyOf(alias) == key) return true;
  }
  return false;
}

SmtpReply NotReady() { return {451, "4.3.0 not ready; come again"}; }

std::string DomainOf(const std::string& key) {
  const size_t at = key.rfind('@');
  return at == std::string::npos ? "" : key.substr(at + 1);
}

}  // namespace

std::optional<channels::ChannelAccount> Inboxes::AccountOf(const std::string& address) const {
  const std::string key = KeyOf(address);
  if (key.empty()) return std::nullopt;
  const std::string bare = WithoutDetail(key);
  const std::string token(LocalPart(key));
  for (channels::ChannelAccount& account : accounts_.All()) {
    const config::v1::EmailAccount& email = account.spec.email();
    if (HasAddress(email, key) || HasAddress(email, bare)) return std::move(account);
    if (token.size() != kTokenBytes || DomainOf(KeyOf(email.address())) != DomainOf(key)) continue;
    const absl::StatusOr<std::string> secret = accounts_.Secret(email.token_secret());
    const std::string scope = account.workspace + "/" + account.name;
    if (secret.ok() && ReadToken('b', *secret, scope, token)) return std::move(account);
  }
  return std::nullopt;
}

SmtpReply Inboxes::Check(const std::string& address) const {
  // Before the first revision nobody knows which addresses there are.
  if (config_.Current()->revision() == 0) return NotReady();
  const std::optional<channels::ChannelAccount> account = AccountOf(address);
  if (!account || account->is_off()) return {550, "5.1.1 no such inbox here"};
  if (!account->is_on()) return {450, "4.2.1 this inbox takes in nothing now"};
  if (!accounts_.Secret(account->spec.email().token_secret()).ok()) {
    return NotReady();
  }
  return {250, "2.1.5 ok"};
}

std::optional<Inbox> Inboxes::Find(const std::string& address) const {
  const std::optional<channels::ChannelAccount> account = AccountOf(address);
  if (!account || account->is_off()) return std::nullopt;
  const config::v1::EmailAccount& email = account->spec.email();
  const absl::StatusOr<std::string> secret = accounts_.Secret(email.token_secret());
  if (!secret.ok()) return std::nullopt;
  Inbox inbox;
  inbox.workspace = account->workspace;
  inbox.account = account->name;
  inbox.address = email.address();
  inbox.token_secret = *secret;
  inbox.trusted_authserv_id = email.trusted_authserv_id();
  for (const channels::ChannelAccount& other : accounts_.All()) {
    if (other.workspace != account->workspace) continue;
    inbox.own_addresses.insert(absl::AsciiStrToLower(other.spec.email().address()));
    for (const std::string& alias : other.spec.email().aliases()) {
      inbox.own_addresses.insert(absl::AsciiStrToLower(alias));
    }
  }
  return inbox;
}

}  // namespace trama::email
