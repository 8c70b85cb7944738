#include "services/routing/testing/config_builder.h"

namespace trama::routing::testing {

ConfigBuilder::ConfigBuilder(std::string workspace, int32_t partition) { In(workspace, partition); }

ConfigBuilder& ConfigBuilder::In(const std::string& workspace, int32_t partition) {
  workspace_ = workspace;
  Workspace().set_partition(partition);
  // Tests let hours pass; those about heartbeats say so.
  Workspace().set_heartbeat_timeout("1000h");
  return *this;
}

config::v1::Resource& ConfigBuilder::Get(const std::string& kind, const std::string& name) {
  const std::string workspace = kind == "Workspace" ? "" : workspace_;
  config::v1::Resource& resource = resources_[{kind, workspace, name}];
  resource.set_api_version("trama/v1");
  resource.set_kind(kind);
  resource.mutable_metadata()->set_name(name);
  resource.mutable_metadata()->set_workspace(workspace);
  return resource;
}

config::v1::WorkspaceSpec& ConfigBuilder::Workspace() {
  return *Get("Workspace", workspace_).mutable_workspace();
}

config::v1::QueueSpec& ConfigBuilder::Queue(const std::string& name) {
  return *Get("Queue", name).mutable_queue();
}

config::v1::AgentSpec& ConfigBuilder::Agent(const std::string& name) {
  return *Get("Agent", name).mutable_agent();
}

void ConfigBuilder::Code(const std::string& name) {
  Get("WrapUpCode", name).mutable_wrap_up_code();
}

void ConfigBuilder::Remove(const std::string& kind, const std::string& name) {
  resources_.erase({kind, kind == "Workspace" ? "" : workspace_, name});
}

ConfigRevision ConfigBuilder::Next() {
  auto snapshot = std::make_shared<config::v1::Snapshot>();
  snapshot->set_revision(++revision_);
  for (const auto& [key, resource] : resources_) *snapshot->add_resources() = resource;
  return {.revision = revision_, .snapshot = std::move(snapshot)};
}

void Require(config::v1::QueueSpec& queue, const std::string& skill, int32_t proficiency_min) {
  config::v1::SkillRequirement& required = *queue.add_required_skills();
  required.set_skill(skill);
  required.set_proficiency_min(proficiency_min);
}

}  // namespace trama::routing::testing
