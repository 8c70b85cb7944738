#include "services/platform/config/config_view.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/kernel/errors.h"
#include "services/kernel/resources/resources.h"
#include "services/kernel/strings.h"

namespace trama::platform {

using config::v1::Resource;

ConfigView::ConfigView() : ConfigView(std::make_shared<config::v1::Snapshot>()) {}

ConfigView::ConfigView(std::shared_ptr<const config::v1::Snapshot> snapshot)
    : snapshot_(std::move(snapshot)) {
  for (const Resource& resource : snapshot_->resources()) {
    by_key_.emplace(ResourceKey(resource), &resource);
  }
}

std::shared_ptr<const ConfigView> ConfigView::NotReadYet() {
  auto view = std::make_shared<ConfigView>();
  view->is_read_ = false;
  return view;
}

const Resource* ConfigView::Find(std::string_view kind, std::string_view workspace,
                                 std::string_view name) const {
  const auto it = by_key_.find(ResourceKey(kind, workspace, name));
  return it == by_key_.end() ? nullptr : it->second;
}

const config::v1::WorkspaceSpec* ConfigView::FindWorkspace(std::string_view name) const {
  const Resource* found = Find("Workspace", "", name);
  return found == nullptr ? nullptr : &found->workspace();
}

const config::v1::QueueSpec* ConfigView::FindQueue(std::string_view workspace,
                                                   std::string_view name) const {
  const Resource* found = Find("Queue", workspace, name);
  return found == nullptr ? nullptr : &found->queue();
}

const config::v1::AgentSpec* ConfigView::FindAgent(std::string_view workspace,
                                                   std::string_view name) const {
  const Resource* found = Find("Agent", workspace, name);
  return found == nullptr ? nullptr : &found->agent();
}

const config::v1::CalendarSpec* ConfigView::FindCalendar(std::string_view workspace,
                                                         std::string_view name) const {
  const Resource* found = Find("Calendar", workspace, name);
  return found == nullptr ? nullptr : &found->calendar();
}

const config::v1::ChannelAccountSpec* ConfigView::FindAccount(std::string_view workspace,
                                                              std::string_view name) const {
  const Resource* found = Find("ChannelAccount", workspace, name);
  return found == nullptr ? nullptr : &found->channel_account();
}

absl::StatusOr<int32_t> ConfigView::PartitionOf(std::string_view workspace) const {
  const config::v1::WorkspaceSpec* spec = FindWorkspace(workspace);
  if (spec == nullptr && !is_read_) {
    return absl::UnavailableError("the configuration is not read yet, try again");
  }
  if (spec == nullptr) {
    return InvalidField("workspace", workspace,
                        "does not exist; see tramactl get workspaces for those that do");
  }
  if (!spec->has_partition()) {
    return absl::InternalError(absl::StrCat("workspace \"", ToAbsl(workspace),
                                            "\" has no partition number, apply it again"));
  }
  return spec->partition();
}

std::vector<const Resource*> ConfigView::All(std::string_view kind,
                                             std::string_view workspace) const {
  std::vector<const Resource*> found;
  for (const Resource* resource : All(kind)) {
    if (resource->metadata().workspace() == workspace) found.push_back(resource);
  }
  return found;
}

std::vector<const Resource*> ConfigView::All(std::string_view kind) const {
  std::vector<const Resource*> found;
  for (const Resource& resource : snapshot_->resources()) {
    if (resource.kind() == kind) found.push_back(&resource);
  }
  return found;
}

std::vector<const Resource*> ConfigView::AccountsOf(std::string_view channel) const {
  std::vector<const Resource*> found;
  for (const Resource* resource : All("ChannelAccount")) {
    if (resource->channel_account().channel() == channel) found.push_back(resource);
  }
  return found;
}

std::vector<std::string> ConfigView::WorkspacesOn(int32_t partition) const {
  std::vector<std::string> names;
  for (const Resource* resource : All("Workspace")) {
    const config::v1::WorkspaceSpec& spec = resource->workspace();
    if (spec.has_partition() && spec.partition() == partition) {
      names.push_back(resource->metadata().name());
    }
  }
  return names;
}

}  // namespace trama::platform
