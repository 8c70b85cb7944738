#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "trama/config/v1/resources.pb.h"

namespace trama::platform {

// One revision of the configuration, with look-ups. A value that never changes: any thread may
// read it. Pointers live as long as the view.
class ConfigView {
 public:
  // Revision 0, no resources.
  ConfigView();
  explicit ConfigView(std::shared_ptr<const config::v1::Snapshot> snapshot);
  // What a process shows before it has read anything: looks empty, but calls nothing missing.
  static std::shared_ptr<const ConfigView> NotReadYet();

  int64_t revision() const { return snapshot_->revision(); }
  const std::shared_ptr<const config::v1::Snapshot>& snapshot() const { return snapshot_; }

  // Null when there is none.
  const config::v1::Resource* Find(std::string_view kind, std::string_view workspace,
                                   std::string_view name) const;

  const config::v1::WorkspaceSpec* FindWorkspace(std::string_view name) const;
  const config::v1::QueueSpec* FindQueue(std::string_view workspace, std::string_view name) const;
  const config::v1::AgentSpec* FindAgent(std::string_view workspace, std::string_view name) const;
  const config::v1::CalendarSpec* FindCalendar(std::string_view workspace,
                                               std::string_view name) const;
  const config::v1::ChannelAccountSpec* FindAccount(std::string_view workspace,
                                                    std::string_view name) const;

  // The partition number of a workspace. InvalidField("workspace") when it does not exist,
  // UNAVAILABLE when nothing was read yet.
  absl::StatusOr<int32_t> PartitionOf(std::string_view workspace) const;

  // All resources of a kind in a workspace, by name.
  std::vector<const config::v1::Resource*> All(std::string_view kind,
                                               std::string_view workspace) const;
  // All resources of a kind, by workspace and name.
  std::vector<const config::v1::Resource*> All(std::string_view kind) const;

  // The accounts of a channel ("email") in all workspaces, whatever their state.
  std::vector<const config::v1::Resource*> AccountsOf(std::string_view channel) const;

  // Names of the workspaces that have this partition number, in order.
  std::vector<std::string> WorkspacesOn(int32_t partition) const;

 private:
  std::shared_ptr<const config::v1::Snapshot> snapshot_;
  bool is_read_ = true;
  std::map<std::string, const config::v1::Resource*, std::less<>> by_key_;
};

}  // namespace trama::platform
