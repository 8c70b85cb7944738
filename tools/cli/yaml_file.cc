#include "tools/cli/yaml_file.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/strings.h"
#include "services/platform/base/yaml.h"

namespace trama::tramactl {
namespace {

// The library counts from 0.
Place PlaceAt(const YAML::Mark& mark) {
  return mark.is_null() ? Place() : Place{mark.line + 1, mark.column + 1};
}

}  // namespace

std::string Mistake::ToString() const {
  std::string where = file;
  if (place.line > 0) absl::StrAppend(&where, ":", place.line, ":", place.column);
  if (!field.empty()) absl::StrAppend(&where, ": ", field);
  return absl::StrCat(where, ": ", text);
}

Place PlaceOf(const YAML::Node& node) { return PlaceAt(node.Mark()); }

std::vector<YamlDocument> ParseYaml(const std::string& file, std::string_view text,
                                    std::vector<Mistake>& mistakes) {
  std::vector<YamlDocument> documents;
  try {
    for (YAML::Node& root : LoadYamlDocuments(std::string(text))) {
      if (!root.IsNull()) documents.push_back({file, root});
    }
  } catch (const YAML::Exception& error) {
    mistakes.push_back({file, PlaceAt(error.mark), "", error.msg});
  }
  return documents;
}

absl::StatusOr<std::string> Substitute(std::string_view text, const Environment& environment) {
  std::string result;
  size_t position = 0;
  while (position < text.size()) {
    const size_t dollar = text.find("${", position);
    if (dollar == std::string_view::npos) break;
    if (dollar > position && text[dollar - 1] == '$') {  // "$${": the user means "${".
      absl::StrAppend(&result, ToAbsl(text.substr(position, dollar - position - 1)), "${");
      position = dollar + 2;
      continue;
    }
    const size_t end = text.find('}', dollar);
    const std::string name(
        text.substr(dollar + 2, end == std::string_view::npos ? 0 : end - dollar - 2));
    const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char letter) {
      return absl::ascii_isalnum(letter) || letter == '_';
    });
    if (!is_name) {
      return absl::InvalidArgumentError(
          "\"${\" does not begin a variable such as ${HOST}; write $${ "
          "for the characters themselves");
    }
    const std::optional<std::string> value = environment(name);
    if (!value.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("${", name, "} is not set in the environment"));
    }
    absl::StrAppend(&result, ToAbsl(text.substr(position, dollar - position)), *value);
    position = end + 1;
  }
  absl::StrAppend(&result, ToAbsl(text.substr(position)));
  return result;
}

absl::StatusOr<std::vector<std::string>> YamlFilesAt(const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (name == "-" || !fs::is_directory(name, error)) return std::vector<std::string>{name};
  std::vector<std::string> files;
  fs::directory_iterator entries(name, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string extension = entries->path().extension().string();
    const bool wanted = extension == ".yaml" || extension == ".yml" || extension == ".json";
    if (wanted && entries->is_regular_file(error)) files.push_back(entries->path().string());
  }
  if (error) {
    return absl::UnknownError(absl::StrCat("cannot read folder ", name, ": ", error.message()));
  }
  if (files.empty()) {
    return absl::NotFoundError(absl::StrCat("there is no *.yaml, *.yml or *.json in ", name));
  }
  std::sort(files.begin(), files.end());
  return files;
}

absl::StatusOr<std::string> ReadWhole(const std::string& name, size_t bytes_max) {
  const bool is_input = name == "-";
  const std::unique_ptr<FILE, int (*)(FILE*)> file(
      is_input ? stdin : std::fopen(name.c_str(), "rb"),
      is_input ? [](FILE*) { return 0; } : &std::fclose);
  if (file == nullptr) {
    return absl::NotFoundError(absl::StrCat("cannot open ", name, ": ", std::strerror(errno)));
  }
  std::string content;
  char buffer[64 * 1024];
  while (const size_t got = std::fread(buffer, 1, sizeof(buffer), file.get())) {
    content.append(buffer, got);
    if (content.size() > bytes_max) {
      return absl::ResourceExhaustedError(
          absl::StrCat(name, " is larger than ", bytes_max, " bytes"));
    }
  }
  if (std::ferror(file.get()) != 0) {
    return absl::UnknownError(absl::StrCat("cannot read ", name, ": ", std::strerror(errno)));
  }
  return content;
}

}  // namespace trama::tramactl
