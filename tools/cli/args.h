#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// The command line as a table: each command says what it takes, and parsing, help and errors follow
// from that. (Abseil's flags know no commands.)
namespace trama::tramactl {

struct Flag {
  std::string name;       // "output", given as --output
  char letter = '\0';     // 'o', given as -o; '\0': none
  std::string value;      // "FORMAT": what its value is called; empty: a switch without value
  std::string help;       // One sentence, no full stop.
  bool repeated = false;  // May be given several times.
  bool required = false;
  std::vector<std::string> choices = {};  // The values that there are; empty: any.
  std::string environment = {};           // Read when the flag is not given.
};

// A value without a name.
struct Positional {
  std::string name;  // "KIND"
  std::string help;
  bool optional = false;
  bool repeated = false;                  // The last one may take all that is left.
  std::vector<std::string> choices = {};  // Offered by shells.
};

class Arguments;
class Context;  // What a command works with (context.h).

struct Command {
  // {"agents", "list"}. A word in angle brackets stands for a value: {"agent", "<name>", "accept"}.
  std::vector<std::string> path;
  std::string summary;  // One line, no full stop.
  std::string details = {};
  std::vector<Positional> positionals = {};
  std::vector<Flag> flags = {};
  std::function<absl::Status(Context&, const Arguments&)> run = nullptr;
};

// What was given. Names are those of the table; asking for another one is a broken promise.
class Arguments {
 public:
  bool Has(std::string_view name) const;
  // The (last) value; empty when it was not given.
  std::string Get(std::string_view name) const;
  std::vector<std::string> All(std::string_view name) const;

 private:
  friend class CommandTable;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// What a command line asks for.
struct Invocation {
  const Command* command = nullptr;  // Null: print `help` and end.
  Arguments arguments;
  std::string help;
};

// Reads an environment variable; none when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

// All commands of a program. `global` flags go with every command, before or after its words.
class CommandTable {
 public:
  CommandTable(std::string program, std::string purpose, std::vector<Flag> global,
               std::vector<Command> commands);

  // INVALID_ARGUMENT says what is wrong and what may have been meant. `words` without the program.
  absl::StatusOr<Invocation> Parse(const std::vector<std::string>& words,
                                   const Environment& environment) const;

  // Of the program (empty), of a group of commands or of one.
  std::string Help(const std::vector<std::string>& path) const;

  const std::vector<Command>& commands() const { return commands_; }
  const std::vector<Flag>& global() const { return global_; }

 private:
  struct Words;
  struct Given;

  absl::StatusOr<Words> Split(const std::vector<std::string>& words) const;
  absl::StatusOr<const Command*> Find(const std::vector<std::string>& words) const;
  absl::Status TakeFlags(const Command& command, const Words& words, const Environment& environment,
                         Arguments& arguments) const;
  absl::Status TakeWords(const Command& command, const std::vector<std::string>& words,
                         Arguments& arguments) const;
  const Flag* FlagNamed(std::string_view name) const;
  std::string HelpOf(const Command& command) const;
  std::string HelpOfGroup(const std::vector<std::string>& path) const;

  const std::string program_;
  const std::string purpose_;
  const std::vector<Flag> global_;
  const std::vector<Command> commands_;
};

// Is it a place of a command's path that a word of one's own takes, such as <name>?
bool IsPlaceholder(const std::string& word);

// Do the words begin with the path (or the path with the words, when they are shorter)?
bool Agrees(const std::vector<std::string>& path, const std::vector<std::string>& words);

}  // namespace trama::tramactl
