#include "services/routing/workspace.h"

#include <utility>

namespace trama::routing {

Workspace::Workspace(std::string name_in) : name(std::move(name_in)), roster(*this) {
  Configure(CompileSettings(name, {}));
}

void Workspace::Configure(WorkspaceSettings new_settings) {
  // The old ones are referred to until lines and roster have taken in the new ones.
  const auto old = std::move(settings);
  settings = std::make_unique<const WorkspaceSettings>(std::move(new_settings));
  lines.Configure(*settings);
  roster.Configure(*settings, ClassSettings());
  fresh.clear();
}

int Workspace::ClassOf(const std::string& channel) {
  const auto it = classes.find(channel);
  if (it != classes.end()) return it->second;
  const int next = static_cast<int>(channels.size());
  if (next == kChannelClassesMax) return classes[channel] = kChannelClassesMax - 1;
  channels.push_back(channel);
  classes[channel] = next;
  roster.AddClass(settings->ChannelOf(channel));
  return next;
}

std::vector<ChannelSettings> Workspace::ClassSettings() const {
  std::vector<ChannelSettings> by_class;
  for (const std::string& channel : channels) by_class.push_back(settings->ChannelOf(channel));
  return by_class;
}

}  // namespace trama::routing
