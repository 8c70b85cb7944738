#include "services/platform/base/settings.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "services/kernel/strings.h"
#include "services/platform/base/common_flags.h"
#include "services/platform/base/log.h"
#include "services/platform/base/yaml.h"

ABSL_FLAG(std::string, config_file, "", "YAML file of settings, a map \"name: value\"");
ABSL_FLAG(bool, check, false, "validate the settings and end: exit 0 if they are fine, else 2");
ABSL_FLAG(bool, version, false, "print the version and end");
ABSL_FLAG(bool, help, false, "print the settings and end");

namespace trama::platform {
namespace {

constexpr int kExitMistakes = 2;

// One value on its way to a flag, and where it comes from, for the error.
struct Assignment {
  std::string flag;
  std::string value;
  std::string origin;  // "--x", "TRAMA_X", "/etc/trama.yaml:3: x".
};

std::string EnvironmentName(std::string_view flag) {
  return absl::StrCat("TRAMA_", absl::AsciiStrToUpper(ToAbsl(flag)));
}

// Without its value, which may be a secret that was put in the wrong place.
void AddUnknown(const std::string& origin, Mistakes& mistakes) {
  mistakes.Add(absl::StrCat(origin, " is not a setting; see --help"));
}

void Assign(const Assignment& assignment, Mistakes& mistakes) {
  absl::CommandLineFlag* flag = absl::FindCommandLineFlag(assignment.flag);
  if (flag == nullptr) return AddUnknown(assignment.origin, mistakes);
  std::string error;
  if (flag->ParseFrom(assignment.value, &error)) return;
  mistakes.Add(absl::StrCat(assignment.origin, " cannot be read from \"", assignment.value,
                            "\"; an example is ", flag->DefaultValue()));
}

// --name=value, --name value, --flag, --noflag; "--" ends nothing, as we take no other arguments.
std::vector<Assignment> FromArguments(const std::vector<std::string>& arguments,
                                      Mistakes& mistakes) {
  std::vector<Assignment> found;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!absl::StartsWith(argument, "-") || argument == "-" || argument == "--") {
      mistakes.Add(absl::StrCat("argument \"", argument, "\" is not understood; settings are ",
                                "written --name=value"));
      continue;
    }
    const size_t dashes = absl::StartsWith(argument, "--") ? 2 : 1;
    const size_t equals = argument.find('=');
    std::string name =
        argument.substr(dashes, equals == std::string::npos ? equals : equals - dashes);
    const std::string origin = absl::StrCat("--", name);
    if (equals != std::string::npos) {
      found.push_back({name, argument.substr(equals + 1), origin});
      continue;
    }
    const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    if (flag != nullptr && flag->IsOfType<bool>()) {
      found.push_back({name, "true", origin});
    } else if (flag != nullptr && i + 1 < arguments.size()) {
      found.push_back({name, arguments[++i], origin});
    } else if (flag != nullptr) {
      mistakes.Add(absl::StrCat(origin, " has no value; write ", origin, "=value"));
    } else if (absl::StartsWith(name, "no") && absl::FindCommandLineFlag(name.substr(2)) &&
               absl::FindCommandLineFlag(name.substr(2))->IsOfType<bool>()) {
      found.push_back({name.substr(2), "false", origin});
    } else {
      AddUnknown(origin, mistakes);
    }
  }
  return found;
}

std::vector<Assignment> FromEnvironment(const SettingsSources& sources) {
  std::map<std::string, Assignment> sorted;  // So that mistakes come in a stable order.
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    const std::string flag_name(name);
    const std::string variable = EnvironmentName(flag_name);
    if (std::optional<std::string> value = sources.environment(variable)) {
      sorted[flag_name] = {flag_name, *value, variable};
    }
  }
  std::vector<Assignment> found;
  for (auto& [name, assignment] : sorted) found.push_back(std::move(assignment));
  return found;
}

std::optional<std::string> TextOf(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  if (node.IsNull()) return std::string();
  if (!node.IsSequence()) return std::nullopt;
  std::vector<std::string> items;
  for (const YAML::Node& item : node) {
    if (!item.IsScalar()) return std::nullopt;
    items.push_back(item.Scalar());
  }
  return absl::StrJoin(items, ",");
}

std::vector<Assignment> FromYaml(const std::string& path, const YAML::Node& root,
                                 Mistakes& mistakes) {
  std::vector<Assignment> found;
  if (root.IsNull()) return found;  // An empty file.
  if (!root.IsMap()) {
    mistakes.Add(absl::StrCat(path, " is not a map; write one \"name: value\" per line"));
    return found;
  }
  std::map<std::string, int> line_of;
  for (const auto& entry : root) {
    const int line = entry.first.Mark().line + 1;
    if (!entry.first.IsScalar()) {
      mistakes.Add(absl::StrCat(path, ":", line, ": a name must be plain text"));
      continue;
    }
    const std::string name = entry.first.Scalar();
    const std::string origin = absl::StrCat(path, ":", line, ": ", name);
    const auto [earlier, inserted] = line_of.try_emplace(name, line);
    const std::optional<std::string> value = TextOf(entry.second);
    if (!inserted) {
      mistakes.Add(
          absl::StrCat(origin, " stands already in line ", earlier->second, "; keep one of them"));
    } else if (!value.has_value()) {
      mistakes.Add(absl::StrCat(origin, " must be a plain value or a list of plain values"));
    } else {
      found.push_back({name, *value, origin});
    }
  }
  return found;
}

std::vector<Assignment> FromFile(const std::string& path, Mistakes& mistakes) {
  absl::StatusOr<std::string> text = ReadSmallFile(path, kConfigFileBytesMax);
  if (!text.ok()) {
    mistakes.AddStatus("config_file", text.status());
    return {};
  }
  try {
    return FromYaml(path, LoadYaml(*text), mistakes);
  } catch (const YAML::Exception& error) {
    mistakes.Add(absl::StrCat(path, ":", error.mark.line + 1, ": ", error.msg));
    return {};
  }
}

// The last value that the sources with precedence over the file give for --config_file.
std::string ConfigFilePath(const std::vector<Assignment>& environment,
                           const std::vector<Assignment>& arguments) {
  std::string path;
  for (const std::vector<Assignment>* source : {&environment, &arguments}) {
    for (const Assignment& assignment : *source) {
      if (assignment.flag == "config_file") path = assignment.value;
    }
  }
  return path;
}

void PrintHelp(const ProgramInfo& program) {
  std::printf(
      "%s %s\n%s\n\nSettings (--name=value, or TRAMA_NAME in the environment, or a line "
      "\"name: value\" in the file of --config_file):\n",
      program.name.c_str(), program.version.c_str(), program.purpose.c_str());
  std::map<std::string, absl::CommandLineFlag*> sorted;
  for (const auto& [name, flag] : absl::GetAllFlags()) sorted[std::string(name)] = flag;
  for (const auto& [name, flag] : sorted) {
    std::printf("  --%s (now \"%s\")\n      %s\n", name.c_str(), flag->CurrentValue().c_str(),
                flag->Help().c_str());
  }
}

}  // namespace

void Mistakes::AddStatus(std::string_view setting, const absl::Status& status) {
  if (!status.ok()) Add(absl::StrCat("--", ToAbsl(setting), ": ", status.message()));
}

std::optional<std::string> ProcessEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

Mistakes ReadSettings(const SettingsSources& sources) {
  Mistakes mistakes;
  std::vector<Assignment> defaults;
  for (const auto& [name, value] : sources.defaults) {
    defaults.push_back({name, value, absl::StrCat("default of --", name)});
  }
  const std::vector<Assignment> arguments = FromArguments(sources.arguments, mistakes);
  const std::vector<Assignment> environment = FromEnvironment(sources);
  std::vector<Assignment> file;
  if (std::string path = ConfigFilePath(environment, arguments); !path.empty()) {
    file = FromFile(path, mistakes);
  }
  // The weakest first: each later one overwrites.
  for (const auto& source : {defaults, file, environment, arguments}) {
    for (const Assignment& assignment : source) Assign(assignment, mistakes);
  }
  return mistakes;
}

std::optional<int> StartSettings(int argc, const char* const* argv, const ProgramInfo& program) {
#ifdef NDEBUG
  // Debian builds Abseil with its search for deadlocks, for which every lock of gRPC pays.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  SettingsSources sources;
  for (int i = 1; i < argc; ++i) sources.arguments.emplace_back(argv[i]);
  sources.environment = ProcessEnvironment;
  sources.defaults = program.defaults;
  Mistakes mistakes = ReadSettings(sources);

  if (absl::GetFlag(FLAGS_help)) {
    PrintHelp(program);
    return 0;
  }
  if (absl::GetFlag(FLAGS_version)) {
    std::printf("%s %s\n", program.name.c_str(), program.version.c_str());
    return 0;
  }
  LogLevel level;
  mistakes.AddStatus("log_level", ParseLogLevel(absl::GetFlag(FLAGS_log_level), &level));
  for (const SettingsValidator& validate : program.validators) validate(mistakes);
  for (const std::string& line : mistakes.lines()) std::fprintf(stderr, "%s\n", line.c_str());
  if (!mistakes.empty()) return kExitMistakes;
  if (absl::GetFlag(FLAGS_check)) return 0;
  return std::nullopt;
}

absl::StatusOr<std::string> ResolveSecret(std::string_view reference) {
  const absl::string_view text = ToAbsl(reference);
  if (absl::StartsWith(text, "file:")) {
    absl::StatusOr<std::string> content =
        ReadSmallFile(std::string(text.substr(5)), kSecretBytesMax);
    if (!content.ok()) return content.status();
    if (absl::EndsWith(*content, "\n")) content->pop_back();
    if (absl::EndsWith(*content, "\r")) content->pop_back();
    if (content->empty()) {
      return absl::NotFoundError(absl::StrCat("secret ", text, " is empty; write it there"));
    }
    return content;
  }
  if (absl::StartsWith(text, "env:")) {
    const std::string name(text.substr(4));
    std::optional<std::string> value = ProcessEnvironment(name);
    if (!value.has_value() || value->empty()) {
      return absl::NotFoundError(absl::StrCat("environment variable \"", name,
                                              "\" of a secret is not set; set it or use file:"));
    }
    return *std::move(value);
  }
  // The text may be the secret itself, so it is not repeated.
  return absl::InvalidArgumentError(
      "a secret is given by reference only: file:/path or env:NAME, never by its value");
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int error = errno;
    const std::string text = absl::StrCat("file ", path, " cannot be read: ", std::strerror(error));
    return error == EACCES ? absl::PermissionDeniedError(text) : absl::NotFoundError(text);
  }
  // Piece by piece: most files are far smaller than what they may be.
  std::string content;
  std::array<char, 16 * 1024> piece;
  while (content.size() <= bytes_max && file.good()) {
    file.read(piece.data(), piece.size());
    content.append(piece.data(), static_cast<size_t>(file.gcount()));
  }
  if (file.bad() || (content.empty() && !file.eof())) {
    return absl::NotFoundError(absl::StrCat("file ", path, " cannot be read: is it a folder?"));
  }
  if (content.size() > bytes_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat("file ", path, " is longer than ", bytes_max, " bytes; make it shorter"));
  }
  return content;
}

}  // namespace trama::platform
