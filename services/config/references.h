#pragma once

#include <string>
#include <vector>

#include "services/config/config_store.h"
#include "services/config/field_checks.h"
#include "services/kernel/caller.h"

// What concerns several resources at once.
namespace trama::config {

// One resource names another.
struct Reference {
  std::string path;  // Within the resource: "spec.required_skills[0].skill".
  ResourceId target;
};

// Everything that a resource names, in the order of its fields; first its workspace.
std::vector<Reference> ReferencesOf(const v1::Resource& resource);

// Adds a violation for each reference of `resource` that leads nowhere in `store`. `path` is the
// resource's.
void CheckReferences(const v1::Resource& resource, const ConfigStore& store,
                     const std::string& path, Violations& out);

// An address at which customers reach us, in the form by which addresses are compared.
struct Door {
  std::string path;  // Within the resource: "spec.email.aliases[1]".
  std::string text;  // As written.
  std::string key;   // "email:help@firm.example", "phone:+14155550123"
};

std::vector<Door> DoorsOf(const v1::Resource& resource);

// Adds a violation for each address of the accounts in `changed` that another account of any
// workspace has too: an incoming message must belong to one account. The other account is named
// only to a caller who may know of it. `changed`: paths and ids, in the order of the request.
void CheckDoors(const std::vector<std::pair<std::string, ResourceId>>& changed,
                const ConfigStore& store, const Caller& caller, Violations& out);

}  // namespace trama::config
