#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/kernel/machine.h"
#include "trama/config/v1/resources.pb.h"

namespace trama::routing::testing {

// Configuration in few words. Names are resource names; the workspace is "demo" unless said
// otherwise, at partition 0.
class ConfigBuilder {
 public:
  explicit ConfigBuilder(std::string workspace = "demo", int32_t partition = 0);

  config::v1::WorkspaceSpec& Workspace();
  config::v1::QueueSpec& Queue(const std::string& name);
  config::v1::AgentSpec& Agent(const std::string& name);
  void Code(const std::string& name);
  void Remove(const std::string& kind, const std::string& name);

  // Another workspace in the same configuration.
  ConfigBuilder& In(const std::string& workspace, int32_t partition = 0);

  // As the next revision.
  ConfigRevision Next();

 private:
  config::v1::Resource& Get(const std::string& kind, const std::string& name);

  std::string workspace_;
  int64_t revision_ = 0;
  // (kind, workspace, name): the order of a Snapshot.
  std::map<std::vector<std::string>, config::v1::Resource> resources_;
};

// A queue that needs this skill.
void Require(config::v1::QueueSpec& queue, const std::string& skill, int32_t proficiency_min = 1);

}  // namespace trama::routing::testing
