#pragma once

#include <string>
#include <vector>

#include "yaml-cpp/yaml.h"

namespace trama {

// The documents of a YAML text, empty ones (null nodes) among them. Throws YAML::Exception with the
// place of a mistake. In place of YAML::LoadAll, which never ends on a text such as ",a: b": the
// library (0.7) takes a sign that begins nothing for an empty document and stays where it is.
std::vector<YAML::Node> LoadYamlDocuments(const std::string& text);

// The only document of a text that is not empty, a null node if there is none. In place of
// YAML::Load, which leaves everything after the first document unread. Throws as above.
YAML::Node LoadYaml(const std::string& text);

}  // namespace trama
