#include "services/config/config_store.h"

namespace trama::config {

const v1::Resource* ConfigStore::Find(const ResourceId& id) const {
  const auto it = resources_.find(id);
  return it == resources_.end() ? nullptr : it->second.get();
}

std::vector<std::string> ConfigStore::Names(std::string_view kind,
                                            std::string_view workspace) const {
  std::vector<std::string> names;
  const ResourceId first{std::string(kind), std::string(workspace), ""};
  for (auto it = resources_.lower_bound(first); it != resources_.end(); ++it) {
    if (it->first.kind != kind || it->first.workspace != workspace) break;
    names.push_back(it->first.name);
  }
  return names;
}

void ConfigStore::Put(v1::Resource resource) {
  ResourceId id = IdOf(resource);
  resources_.insert_or_assign(std::move(id),
                              std::make_shared<const v1::Resource>(std::move(resource)));
}

Page List(const ConfigStore& store, const ListFilter& filter) {
  Page page;
  for (auto it = store.resources().upper_bound(filter.after); it != store.resources().end(); ++it) {
    const ResourceId& id = it->first;
    if (!filter.kind.empty() && id.kind != filter.kind) continue;
    if (!filter.workspace.empty() && id.tenant() != filter.workspace) continue;
    if (page.resources.size() == filter.count_max) {
      page.more = true;
      break;
    }
    page.resources.push_back(it->second);
  }
  return page;
}

}  // namespace trama::config
