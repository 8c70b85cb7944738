#include "services/config/references.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/email_address.h"
#include "services/kernel/phone.h"
#include "services/kernel/strings.h"
#include "services/kernel/suggestion.h"

namespace trama::config {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;

class ReferenceCollector {
 public:
  explicit ReferenceCollector(const v1::Resource& resource)
      : workspace_(resource.metadata().workspace()) {}

  void One(const char* kind, const std::string& name, std::string path) {
    found_.push_back({std::move(path), {kind, workspace_, name}});
  }
  void Many(const char* kind, const Texts& names, const std::string& path) {
    for (int i = 0; i < names.size(); ++i) {
      found_.push_back({Item(path, i), {kind, workspace_, names[i]}});
    }
  }
  std::vector<Reference> Take() { return std::move(found_); }

 private:
  const std::string workspace_;
  std::vector<Reference> found_;
};

void Collect(const v1::QueueSpec& queue, ReferenceCollector& found) {
  found.Many("ChannelAccount", queue.when().channel_accounts(), "spec.when.channel_accounts");
  for (int i = 0; i < queue.required_skills_size(); ++i) {
    found.One("Skill", queue.required_skills(i).skill(),
              Below(Item("spec.required_skills", i), "skill"));
  }
  if (!queue.calendar().empty()) found.One("Calendar", queue.calendar(), "spec.calendar");
}

void Collect(const v1::AgentSpec& agent, ReferenceCollector& found) {
  const std::map<std::string, int32_t> skills(agent.skills().begin(), agent.skills().end());
  for (const auto& [skill, proficiency] : skills) {
    found.One("Skill", skill, Item("spec.skills", skill));
  }
  found.Many("Queue", agent.queues(), "spec.queues");
}

void Collect(const v1::SlaPolicySpec& policy, ReferenceCollector& found) {
  found.Many("Queue", policy.when().queues(), "spec.when.queues");
  if (!policy.calendar().empty()) found.One("Calendar", policy.calendar(), "spec.calendar");
}

std::string EmailKey(const std::string& address) {
  const absl::StatusOr<EmailAddress> parsed = EmailAddress::Parse(address);
  return parsed.ok() ? absl::StrCat("email:", parsed->Key()) : "";
}

std::string PhoneKey(const std::string& number) {
  const absl::StatusOr<PhoneNumber> parsed = ParsePhone(number, "");
  return parsed.ok() ? absl::StrCat("phone:", parsed->canonical) : "";
}

std::string WhoseDoor(const ResourceId& owner, const ResourceId& mine, const Caller& caller) {
  if (owner == mine) return "is there twice";
  if (!caller.MayEnter(owner.workspace)) return "belongs to an account of another workspace";
  return absl::StrCat("belongs to ", owner.Label(), " of workspace ", owner.workspace,
                      " already; an address can have one account");
}

}  // namespace

std::vector<Reference> ReferencesOf(const v1::Resource& resource) {
  ReferenceCollector found(resource);
  switch (resource.spec_case()) {
    case v1::Resource::kQueue:
      Collect(resource.queue(), found);
      break;
    case v1::Resource::kAgent:
      Collect(resource.agent(), found);
      break;
    case v1::Resource::kSlaPolicy:
      Collect(resource.sla_policy(), found);
      break;
    case v1::Resource::kWrapUpCode:
      found.Many("Queue", resource.wrap_up_code().queues(), "spec.queues");
      break;
    default:
      break;  // Refers to nothing but its workspace.
  }
  std::vector<Reference> references = found.Take();
  if (resource.kind() != kWorkspaceKind) {
    references.insert(references.begin(), {"metadata.workspace",
                                           {kWorkspaceKind, "", resource.metadata().workspace()}});
  }
  return references;
}

void CheckReferences(const v1::Resource& resource, const ConfigStore& store,
                     const std::string& path, Violations& out) {
  // Named as missing by the check of the metadata.
  if (resource.kind() != kWorkspaceKind && resource.metadata().workspace().empty()) return;
  for (const Reference& reference : ReferencesOf(resource)) {
    const ResourceId& target = reference.target;
    if (store.Has(target)) continue;
    std::string wrong = target.kind == kWorkspaceKind
                            ? absl::StrCat("workspace \"", target.name, "\" does not exist")
                            : absl::StrCat(KindInWords(target.kind), " \"", target.name,
                                           "\" does not exist in workspace ", target.workspace);
    // Workspaces are not suggested: the caller may not know of them.
    if (target.kind != kWorkspaceKind) {
      wrong += DidYouMean(target.name, store.Names(target.kind, target.workspace));
    }
    AddViolation(out, Below(path, reference.path), std::move(wrong));
    if (target.kind == kWorkspaceKind) return;  // All the others would follow from it.
  }
}

std::vector<Door> DoorsOf(const v1::Resource& resource) {
  std::vector<Door> doors;
  const auto add = [&doors](std::string path, const std::string& text, std::string key) {
    if (!key.empty()) doors.push_back({std::move(path), text, std::move(key)});
  };
  if (resource.channel_account().has_email()) {
    const v1::EmailAccount& email = resource.channel_account().email();
    add("spec.email.address", email.address(), EmailKey(email.address()));
    for (int i = 0; i < email.aliases_size(); ++i) {
      add(Item("spec.email.aliases", i), email.aliases(i), EmailKey(email.aliases(i)));
    }
  }
  if (resource.channel_account().has_sms()) {
    const v1::SmsAccount& sms = resource.channel_account().sms();
    for (int i = 0; i < sms.numbers_size(); ++i) {
      add(Item("spec.sms.numbers", i), sms.numbers(i), PhoneKey(sms.numbers(i)));
    }
  }
  if (resource.channel_account().has_whatsapp()) {
    const std::string& number = resource.channel_account().whatsapp().phone_number_id();
    if (!number.empty()) {
      add("spec.whatsapp.phone_number_id", number, absl::StrCat("whatsapp ", number));
    }
  }
  return doors;
}

void CheckDoors(const std::vector<std::pair<std::string, ResourceId>>& changed,
                const ConfigStore& store, const Caller& caller, Violations& out) {
  std::map<ResourceId, std::string> path_of;
  for (const auto& [path, id] : changed) path_of.emplace(id, path);

  std::map<std::string, ResourceId> owners;  // Of the accounts that stay as they are.
  for (const auto& [id, resource] : store.resources()) {
    if (path_of.count(id) > 0) continue;
    for (const Door& door : DoorsOf(*resource)) owners.emplace(door.key, id);
  }
  for (const auto& [path, id] : changed) {
    const v1::Resource* resource = store.Find(id);
    if (resource == nullptr) continue;
    for (const Door& door : DoorsOf(*resource)) {
      const auto [owner, is_new] = owners.emplace(door.key, id);
      if (is_new) continue;
      AddViolation(out, Below(path, door.path),
                   absl::StrCat("\"", door.text, "\" ", WhoseDoor(owner->second, id, caller)));
    }
  }
}

}  // namespace trama::config
