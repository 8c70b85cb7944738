#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/cli/args.h"
#include "yaml-cpp/yaml.h"

// YAML files with the places of everything in them.
namespace trama::tramactl {

inline constexpr size_t kYamlFileMaxBytes = 8 << 20;
inline constexpr size_t kYamlNodesMax = 1'000'000;  // Aliases count each time they are used.
inline constexpr int kYamlDepthMax = 32;

// A place in a file, both from 1; line 0: the whole file.
struct Place {
  int line = 0;
  int column = 0;
};

// Something wrong in a file, for a person, in the form that editors jump to:
// "demo.yaml:12:10: spec.order: "first" is not a number".
struct Mistake {
  std::string file;
  Place place;
  std::string field;  // May be empty.
  std::string text;

  std::string ToString() const;
};

// One document of a file.
struct YamlDocument {
  std::string file;  // As it was named; "-" for standard input.
  YAML::Node root;
};

// The documents of a text, without empty ones. Adds a mistake when it is not YAML.
std::vector<YamlDocument> ParseYaml(const std::string& file, std::string_view text,
                                    std::vector<Mistake>& mistakes);

// Where a node begins.
Place PlaceOf(const YAML::Node& node);

// `text` with every ${NAME} replaced from the environment; "$${" stands for "${". An error names
// the variable that is not set.
absl::StatusOr<std::string> Substitute(std::string_view text, const Environment& environment);

// The files that `name` stands for: itself, or the *.yaml, *.yml and *.json of a folder, sorted by
// name, without its subfolders. NOT_FOUND when there are none.
absl::StatusOr<std::vector<std::string>> YamlFilesAt(const std::string& name);

// The whole of a file, "-" for standard input.
absl::StatusOr<std::string> ReadWhole(const std::string& name, size_t bytes_max);

}  // namespace trama::tramactl
