#pragma once

#include <string>
#include <vector>

namespace trama {

// Who acts, as read from the credentials of a call; never from a field of a request.
struct Caller {
  std::string subject;             // An agent's name, or a service's, as configured.
  std::string workspace;           // Empty: all workspaces (operators and services).
  std::vector<std::string> roles;  // agent, supervisor, admin, integrator, service.

  bool HasRole(const std::string& role) const {
    for (const std::string& held : roles) {
      if (held == role) return true;
    }
    return false;
  }
  // May this caller touch that workspace at all?
  bool MayEnter(const std::string& wanted) const {
    return workspace.empty() || workspace == wanted;
  }
};

}  // namespace trama
