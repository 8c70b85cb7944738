#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "services/config/resource_id.h"

namespace trama::config {

// All resources at one revision. A value: copies share the resources, so that one is cheap and
// stands still while the next revision is made.
class ConfigStore {
 public:
  using Resources = absl::btree_map<ResourceId, std::shared_ptr<const v1::Resource>>;

  int64_t revision() const { return revision_; }
  const Resources& resources() const { return resources_; }

  // Null when there is none.
  const v1::Resource* Find(const ResourceId& id) const;
  bool Has(const ResourceId& id) const { return Find(id) != nullptr; }

  // The names of one kind in one workspace, sorted.
  std::vector<std::string> Names(std::string_view kind, std::string_view workspace) const;

  // Creates or replaces.
  void Put(v1::Resource resource);
  void Erase(const ResourceId& id) { resources_.erase(id); }
  void set_revision(int64_t revision) { revision_ = revision; }

 private:
  int64_t revision_ = 0;
  Resources resources_;
};

// One page of resources in key order.
struct Page {
  std::vector<std::shared_ptr<const v1::Resource>> resources;
  bool more = false;
};

struct ListFilter {
  std::string kind;       // Empty: every kind.
  std::string workspace;  // Empty: every workspace. Otherwise its resources and itself.
  ResourceId after;       // The last one of the page before; empty at first.
  size_t count_max = 100;
};

Page List(const ConfigStore& store, const ListFilter& filter);

}  // namespace trama::config
