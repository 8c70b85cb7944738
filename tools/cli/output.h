#pragma once

#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "tools/cli/json.h"
#include "tools/cli/table.h"

namespace trama::tramactl {

enum class Format { kTable, kJson, kYaml };

// Where answers go, in the format that was asked for.
class Output {
 public:
  Output(std::ostream& out, Format format, bool is_terminal)
      : out_(out), format_(format), is_terminal_(is_terminal) {}

  Format format() const { return format_; }

  // One thing: as JSON, YAML, or as `text` says.
  void One(const Json& json, const std::function<std::string()>& text);
  // A list: JSON as one array, YAML as one document each, or a table (with `none` when it is
  // empty).
  void Many(const std::vector<Json>& items, const std::function<TextTable()>& table,
            const std::string& none);
  // One of a stream: a line of JSON, a YAML document, or a line of text; at once.
  void Line(const Json& json, const std::function<std::string()>& text);
  // A text for another program, whatever the format.
  void Raw(const std::string& text);
  // For people: only in format table.
  void Say(const std::string& line);

  std::string Render(const TextTable& table) const { return table.ToString(is_terminal_); }

 private:
  std::ostream& out_;
  const Format format_;
  const bool is_terminal_;
};

// Names and values below each other: "queue    billing".
std::string Fields(const std::vector<std::pair<std::string, std::string>>& fields);

// A map in the order of its names: "a=1, b=2".
template <typename Map>
std::string Pairs(const Map& map) {
  const std::map<std::string, typename Map::mapped_type> sorted(map.begin(), map.end());
  return absl::StrJoin(sorted, ", ", absl::PairFormatter("="));
}

}  // namespace trama::tramactl
