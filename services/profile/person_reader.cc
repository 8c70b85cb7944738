#include "services/profile/person_reader.h"

#include <map>
#include <set>
#include <utility>

namespace trama::profile {
namespace {

using Rows = std::map<RowKey, v1::ProfileRow>;

absl::StatusOr<Rows> ReadRows(RowStore& store, const std::string& workspace,
                              const std::vector<Component>& components) {
  std::set<RowKey> wanted;
  for (const Component& component : components) {
    for (const std::string& id : component.members()) {
      wanted.insert(IdentifierKey(workspace, id));
      wanted.insert(AttributesKey(workspace, id));
    }
    for (const std::string& id : component.links()) wanted.insert(LinkKey(workspace, id));
  }
  const std::vector<RowKey> keys(wanted.begin(), wanted.end());
  absl::StatusOr<std::vector<std::optional<v1::ProfileRow>>> read = store.Read(keys);
  if (!read.ok()) return read.status();
  Rows rows;
  for (size_t i = 0; i < keys.size(); ++i) {
    if ((*read)[i].has_value()) rows.emplace(keys[i], *std::move((*read)[i]));
  }
  return rows;
}

std::optional<Person> Assemble(const std::string& workspace, const Component& component,
                               const Rows& rows) {
  std::vector<Member> members;
  for (const std::string& id : component.members()) {
    const auto identifier = rows.find(IdentifierKey(workspace, id));
    if (identifier == rows.end()) continue;
    Member& member = members.emplace_back();
    member.row = identifier->second.identifier();
    const auto attributes = rows.find(AttributesKey(workspace, id));
    if (attributes != rows.end()) member.attributes = attributes->second.attributes();
  }
  if (members.empty()) return std::nullopt;
  std::vector<v1::LinkRow> links;
  for (const std::string& id : component.links()) {
    const auto link = rows.find(LinkKey(workspace, id));
    if (link != rows.end()) links.push_back(link->second.link());
  }
  return Person(std::move(members), std::move(links));
}

}  // namespace

absl::StatusOr<std::vector<Component>> FindComponents(
    RowStore& store, const std::string& workspace, const std::vector<std::string>& customer_ids) {
  std::vector<Component> components;
  for (const std::string& id : customer_ids) components.emplace_back(id);
  while (true) {
    // One round trip for all searches.
    std::set<std::string> asked;
    for (const Component& component : components) {
      for (const std::string& id : component.Asks()) asked.insert(id);
    }
    if (asked.empty()) return components;
    const std::vector<std::string> ids(asked.begin(), asked.end());
    const auto answers = store.ReadNeighbours(workspace, ids);
    if (!answers.ok()) return answers.status();
    std::map<std::string, const std::vector<Neighbour>*> by_id;
    for (size_t i = 0; i < ids.size(); ++i) by_id[ids[i]] = &(*answers)[i];
    for (Component& component : components) {
      for (const std::string& id : component.Asks()) component.Answer(id, *by_id.at(id));
    }
  }
}

absl::StatusOr<std::vector<std::optional<Person>>> ReadPersons(
    RowStore& store, const std::string& workspace, const std::vector<std::string>& customer_ids) {
  const absl::StatusOr<std::vector<Component>> components =
      FindComponents(store, workspace, customer_ids);
  if (!components.ok()) return components.status();
  const absl::StatusOr<Rows> rows = ReadRows(store, workspace, *components);
  if (!rows.ok()) return rows.status();
  std::vector<std::optional<Person>> persons;
  for (const Component& component : *components) {
    persons.push_back(Assemble(workspace, component, *rows));
  }
  return persons;
}

}  // namespace trama::profile
