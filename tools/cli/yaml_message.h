#pragma once

#include <optional>
#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "tools/cli/yaml_file.h"

namespace trama::tramactl {

// Reads YAML into Protobuf messages by their descriptors, with the mapping of Protobuf's JSON:
// field names in snake_case or camelCase, enums by name, timestamps as text. Nothing is guessed: an
// unknown field, a value of another type or a key that is there twice is a mistake, named with
// file, line, column and field. Values may hold ${VARIABLES} of the environment.
class YamlReader {
 public:
  // An entry of a map.
  struct Entry {
    std::string name;
    YAML::Node key;
    YAML::Node value;
  };

  YamlReader(std::string file, const Environment& environment, std::vector<Mistake>& mistakes)
      : file_(std::move(file)), environment_(environment), mistakes_(mistakes) {}

  // Fills `message` from a map; `path` is that of the node, for mistakes. Null is an empty map.
  void Read(const YAML::Node& node, const std::string& path, google::protobuf::Message& message);

  // A scalar as text, with variables replaced; none after a mistake.
  std::optional<std::string> Text(const YAML::Node& node, const std::string& path);

  void Wrong(const YAML::Node& node, const std::string& path, std::string text);

  // The entries of a map, each key once; empty after a mistake. False when it is not a map.
  bool Entries(const YAML::Node& node, const std::string& path, std::vector<Entry>& entries);

 private:
  using Field = google::protobuf::FieldDescriptor;

  void ReadField(const YAML::Node& node, const std::string& path, const Field& field,
                 google::protobuf::Message& message);
  void ReadMap(const YAML::Node& node, const std::string& path, const Field& field,
               google::protobuf::Message& message);
  void ReadValue(const YAML::Node& node, const std::string& path, const Field& field,
                 google::protobuf::Message& message);
  void ReadScalar(const YAML::Node& node, const std::string& path, const Field& field,
                  const std::string& text, google::protobuf::Message& message);
  bool WithinLimits(const YAML::Node& node, const std::string& path);

  const std::string file_;
  const Environment& environment_;
  std::vector<Mistake>& mistakes_;
  size_t nodes_ = 0;
  int depth_ = 0;
};

// What stands at a path of Protobuf's names, such as "spec.required_skills[0].skill" or
// "spec.skills[billing]".
struct Located {
  YAML::Node node;   // As deep as it exists.
  std::string path;  // The same path as the file spells it ("spec.requiredSkills[0].skill").
};

Located Locate(const YAML::Node& root, const std::string& path);

}  // namespace trama::tramactl
