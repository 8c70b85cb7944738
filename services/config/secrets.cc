#include "services/config/secrets.h"

#include <set>

namespace trama::config {
namespace {

// The references that the workspace's resources hold.
std::set<std::string> KnownTo(const std::string& workspace, const ConfigStore& store) {
  std::set<std::string> known;
  for (const auto& [id, resource] : store.resources()) {
    if (id.tenant() != workspace) continue;
    for (auto& [path, reference] : SecretsOf(*resource)) known.insert(reference);
  }
  return known;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> SecretsOf(const v1::Resource& resource) {
  std::vector<std::pair<std::string, std::string>> secrets;
  const auto add = [&secrets](std::string path, const std::string& reference) {
    if (!reference.empty()) secrets.emplace_back(std::move(path), reference);
  };
  add("spec.identity_secret", resource.workspace().identity_secret());
  const v1::EmailAccount& email = resource.channel_account().email();
  add("spec.email.smtp_password", email.smtp_password());
  add("spec.email.dkim.private_key", email.dkim().private_key());
  add("spec.email.token_secret", email.token_secret());
  const v1::SmsAccount& sms = resource.channel_account().sms();
  for (int i = 0; i < sms.auth_tokens_size(); ++i) {
    add(Item("spec.sms.auth_tokens", i), sms.auth_tokens(i));
  }
  for (int i = 0; i < sms.shared_keys_size(); ++i) {
    add(Below(Item("spec.sms.shared_keys", i), "key"), sms.shared_keys(i).key());
  }
  const v1::WhatsAppAccount& whatsapp = resource.channel_account().whatsapp();
  for (int i = 0; i < whatsapp.app_secrets_size(); ++i) {
    add(Item("spec.whatsapp.app_secrets", i), whatsapp.app_secrets(i));
  }
  add("spec.whatsapp.verify_token", whatsapp.verify_token());
  add("spec.whatsapp.access_token", whatsapp.access_token());
  const v1::OpenAccount& open = resource.channel_account().open();
  for (int i = 0; i < open.secrets_size(); ++i) {
    add(Item("spec.open.secrets", i), open.secrets(i));
  }
  return secrets;
}

void CheckSecretsAreKnown(const v1::Resource& resource, const ConfigStore& before,
                          const Caller& caller, const std::string& path, Violations& out) {
  if (caller.workspace.empty()) return;
  const auto secrets = SecretsOf(resource);
  if (secrets.empty()) return;
  const std::set<std::string> known = KnownTo(caller.workspace, before);
  for (const auto& [field, reference] : secrets) {
    if (known.count(reference) > 0) continue;
    AddViolation(out, Below(path, field),
                 "is new to this workspace: to introduce a secret takes credentials for all "
                 "workspaces");
  }
}

}  // namespace trama::config
