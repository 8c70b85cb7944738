#include "services/routing/settings.h"

#include <algorithm>
#include <tuple>

#include "services/kernel/resources/resources.h"
#include "services/routing/limits.h"

namespace trama::routing {
namespace {

constexpr int32_t kAgentUnitsDefault = 100;
constexpr int32_t kChannelUnitsDefault = 25;

int64_t Millis(const std::string& text, absl::Duration fallback) {
  return absl::ToInt64Milliseconds(SpecDurationOr(text, fallback));
}

ChannelSettings CompileChannel(const config::v1::ChannelCapacity& spec) {
  ChannelSettings channel;
  channel.units = spec.units() > 0 ? spec.units() : kChannelUnitsDefault;
  channel.count_max = std::max(0, spec.count_max());
  channel.units_when_wrapping =
      spec.has_units_when_wrapping() ? std::max(0, spec.units_when_wrapping()) : channel.units;
  return channel;
}

void CompileWorkspace(const config::v1::WorkspaceSpec& spec, WorkspaceSettings& settings) {
  settings.exclusion_ms = Millis(spec.exclusion(), absl::Minutes(2));
  settings.reopen_window_ms = Millis(spec.reopen_window(), absl::Hours(72));
  settings.heartbeat_timeout_ms = Millis(spec.heartbeat_timeout(), absl::Seconds(30));
  settings.presence_reasons = {spec.presence_reasons().begin(), spec.presence_reasons().end()};
  for (const auto& [name, capacity] : spec.capacity()) {
    settings.channels[name] = CompileChannel(capacity);
  }
}

QueueSettings CompileQueue(const std::string& name, const config::v1::QueueSpec& spec,
                           absl::Duration workspace_offer_timeout) {
  QueueSettings queue;
  queue.name = name;
  queue.display_name = spec.display_name();
  queue.order = spec.order();
  queue.condition = CompileCondition(spec.when());
  queue.priority = spec.priority();
  for (const config::v1::SkillRequirement& skill : spec.required_skills()) {
    queue.required_skills.emplace_back(skill.skill(), std::max(1, skill.proficiency_min()));
  }
  std::sort(queue.required_skills.begin(), queue.required_skills.end());
  queue.offer_timeout_ms = Millis(spec.offer_timeout(), workspace_offer_timeout);
  const bool has_mode = spec.wrap_up().mode() != config::v1::WrapUp::MODE_UNSPECIFIED;
  queue.wrap_up = has_mode ? spec.wrap_up().mode() : config::v1::WrapUp::NONE;
  const bool is_boxed = queue.wrap_up == config::v1::WrapUp::TIME_BOXED;
  queue.wrap_up_timeout_ms =
      Millis(spec.wrap_up().timeout(),
             is_boxed ? absl::Milliseconds(kWrapUpTimeoutDefaultMs) : absl::ZeroDuration());
  queue.short_abandon_ms = Millis(spec.service_level().short_abandon(), absl::Seconds(5));
  return queue;
}

AgentSettings CompileAgent(const std::string& name, const config::v1::AgentSpec& spec,
                           int32_t workspace_units) {
  AgentSettings agent;
  agent.name = name;
  agent.display_name = spec.display_name();
  agent.skills = {spec.skills().begin(), spec.skills().end()};
  agent.queues = {spec.queues().begin(), spec.queues().end()};
  agent.units = spec.units() > 0 ? spec.units() : workspace_units;
  agent.is_bot = spec.is_bot();
  return agent;
}

}  // namespace

bool AgentSettings::Serves(const QueueSettings& queue) const {
  return queues.empty() || queues.contains(queue.name);
}

bool AgentSettings::HasSkillsFor(const QueueSettings& queue) const {
  return std::all_of(queue.required_skills.begin(), queue.required_skills.end(),
                     [this](const auto& required) {
                       const auto it = skills.find(required.first);
                       return it != skills.end() && it->second >= required.second;
                     });
}

const QueueSettings* WorkspaceSettings::FindQueue(const std::string& queue) const {
  const auto it = std::find_if(queues.begin(), queues.end(),
                               [&](const QueueSettings& each) { return each.name == queue; });
  return it == queues.end() ? nullptr : &*it;
}

ChannelSettings WorkspaceSettings::ChannelOf(const std::string& channel) const {
  const auto it = channels.find(channel);
  return it == channels.end() ? ChannelSettings{} : it->second;
}

WorkspaceSettings CompileSettings(const std::string& workspace,
                                  const std::vector<const config::v1::Resource*>& resources) {
  WorkspaceSettings settings;
  settings.name = workspace;
  absl::Duration offer_timeout = absl::Seconds(20);
  int32_t agent_units = kAgentUnitsDefault;
  for (const config::v1::Resource* resource : resources) {
    if (!resource->has_workspace()) continue;
    CompileWorkspace(resource->workspace(), settings);
    offer_timeout = SpecDurationOr(resource->workspace().offer_timeout(), offer_timeout);
    if (resource->workspace().agent_units() > 0) agent_units = resource->workspace().agent_units();
  }
  for (const config::v1::Resource* resource : resources) {
    const std::string& name = resource->metadata().name();
    if (resource->has_queue()) {
      settings.queues.push_back(CompileQueue(name, resource->queue(), offer_timeout));
    } else if (resource->has_agent()) {
      settings.agents[name] = CompileAgent(name, resource->agent(), agent_units);
    } else if (resource->has_wrap_up_code()) {
      const auto& queues = resource->wrap_up_code().queues();
      settings.wrap_up_codes[name] = {queues.begin(), queues.end()};
    }
  }
  std::sort(settings.queues.begin(), settings.queues.end(), [](const auto& a, const auto& b) {
    return std::tie(a.order, a.name) < std::tie(b.order, b.name);
  });
  for (const QueueSettings& queue : settings.queues) {
    settings.phrases.insert(queue.condition.phrases.begin(), queue.condition.phrases.end());
  }
  return settings;
}

}  // namespace trama::routing
