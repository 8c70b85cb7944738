#include "services/platform/config/config_fold.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <tuple>

#include "absl/strings/str_cat.h"

namespace trama::platform {

using config::v1::ConfigRecord;
using config::v1::Resource;

namespace {

auto OrderOf(const Resource& resource) {
  return std::tuple<std::string_view, std::string_view, std::string_view>(
      resource.kind(), resource.metadata().workspace(), resource.metadata().name());
}

}  // namespace

absl::StatusOr<ConfigPtr> ConfigFold::Take(const Record& record) {
  if (!record.value.has_value()) {
    pending_.emplace_back(record.key, std::nullopt);
    return ConfigPtr();
  }
  ConfigRecord read;
  if (!read.ParseFromString(*record.value)) {
    return absl::DataLossError(
        absl::StrCat("record ", Place(record), " is not a trama.config.v1.ConfigRecord"));
  }
  switch (read.record_case()) {
    case ConfigRecord::kResource:
      pending_.emplace_back(record.key, std::move(*read.mutable_resource()));
      return ConfigPtr();
    case ConfigRecord::kClosed:
      return Close(read.revision());
    default:
      // What only newer releases know, or the history topic: says nothing about a resource.
      return ConfigPtr();
  }
}

ConfigPtr ConfigFold::Close(int64_t revision) {
  for (auto& [key, resource] : pending_) {
    if (resource.has_value()) {
      resources_.insert_or_assign(key, std::move(*resource));
    } else {
      resources_.erase(key);
    }
  }
  pending_.clear();
  revision_ = std::max(revision_, revision);

  std::vector<const Resource*> ordered;
  for (const auto& [key, resource] : resources_) ordered.push_back(&resource);
  std::sort(ordered.begin(), ordered.end(),
            [](const Resource* a, const Resource* b) { return OrderOf(*a) < OrderOf(*b); });
  auto snapshot = std::make_shared<config::v1::Snapshot>();
  snapshot->set_revision(revision_);
  for (const Resource* resource : ordered) *snapshot->add_resources() = *resource;
  return std::make_shared<ConfigView>(std::move(snapshot));
}

}  // namespace trama::platform
