#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

// Settings are absl flags: one registry, one name per setting. A value comes from the first of
//   1. the command line           --offer_timeout=20s
//   2. the environment            TRAMA_OFFER_TIMEOUT=20s
//   3. the file of --config_file  offer_timeout: 20s      (a YAML map; a list becomes "a,b,c")
//   4. the service's default, then the flag's.
// Unknown names on the command line or in the file and values that cannot be read are mistakes.
// Unknown TRAMA_ variables are not: Kubernetes sets such for its Services.
namespace trama::platform {

inline constexpr size_t kConfigFileBytesMax = 1 << 20;
inline constexpr size_t kSecretBytesMax = 64 << 10;

// What is wrong with the settings, one line each: what, the value, what to do.
class Mistakes {
 public:
  void Add(std::string line) { lines_.push_back(std::move(line)); }
  // Adds `line` unless `fine`.
  void Require(bool fine, std::string line) {
    if (!fine) Add(std::move(line));
  }
  void AddStatus(std::string_view setting, const absl::Status& status);

  bool empty() const { return lines_.empty(); }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

// Looks at the flags' values and adds what is wrong. Runs after every source was read.
using SettingsValidator = std::function<void(Mistakes&)>;

using SettingValues = std::vector<std::pair<std::string, std::string>>;

// Where values come from; the environment is a function so that a test can bring its own.
struct SettingsSources {
  std::vector<std::string> arguments;  // Without the program's name.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  SettingValues defaults;  // Where a service's default differs from the flag's.
};

// The real environment.
std::optional<std::string> ProcessEnvironment(const std::string& name);

// Sets the flags from all sources and returns all mistakes at once.
Mistakes ReadSettings(const SettingsSources& sources);

struct ProgramInfo {
  std::string name;     // "trama-routing"
  std::string version;  // "0.1.0"
  std::string purpose;  // One sentence, shown by --help.
  SettingValues defaults;
  std::vector<SettingsValidator> validators;
};

// The first call of a program whose settings are flags: reads and validates them. Returns the exit
// code when the program must end now: 0 after --help, --version or a --check that found nothing
// wrong; 2 after mistakes, which are printed on stderr, one per line. None: go on, and in a release
// build without Abseil's search for deadlocks.
std::optional<int> StartSettings(int argc, const char* const* argv, const ProgramInfo& program);

// The value of a setting that holds a secret by reference: "file:/run/secrets/x" (without one
// trailing line break) or "env:NAME". INVALID_ARGUMENT for any other form, NOT_FOUND when there is
// nothing there. The errors never hold the secret.
absl::StatusOr<std::string> ResolveSecret(std::string_view reference);

// The whole of a small file. Errors name the path: NOT_FOUND, PERMISSION_DENIED, or
// RESOURCE_EXHAUSTED when it is longer than `bytes_max`.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t bytes_max);

}  // namespace trama::platform
