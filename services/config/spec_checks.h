#pragma once

#include <string>

#include "services/config/field_checks.h"
#include "trama/config/v1/resources.pb.h"

// What must hold within one spec, whatever else is configured; `path` is that of the spec. What
// concerns several resources is in references.h and change_plan.h.
namespace trama::config {

void CheckWorkspace(const v1::WorkspaceSpec& spec, const std::string& path, Violations& out);
void CheckChannelAccount(const v1::ChannelAccountSpec& spec, const std::string& path,
                         Violations& out);
void CheckOpenAccount(const v1::OpenAccount& open, const std::string& path, Violations& out);
void CheckQueue(const v1::QueueSpec& spec, const std::string& path, Violations& out);
void CheckSkill(const v1::SkillSpec& spec, const std::string& path, Violations& out);
void CheckAgent(const v1::AgentSpec& spec, const std::string& path, Violations& out);
void CheckSlaPolicy(const v1::SlaPolicySpec& spec, const std::string& path, Violations& out);
void CheckCalendar(const v1::CalendarSpec& spec, const std::string& path, Violations& out);
void CheckWrapUpCode(const v1::WrapUpCodeSpec& spec, const std::string& path, Violations& out);

// The whole resource but for what it refers to: version, kind, metadata, that the spec is the
// kind's, and the spec.
void CheckResource(const v1::Resource& resource, const std::string& path, Violations& out);

inline constexpr char kApiVersion[] = "trama/v1";
inline constexpr size_t kResourceMaxBytes = 256 * 1024;

}  // namespace trama::config
