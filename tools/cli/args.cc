#include "tools/cli/args.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/check.h"
#include "services/kernel/strings.h"
#include "services/kernel/suggestion.h"

namespace trama::tramactl {
namespace {

// "<name>" → "name"
std::string PlaceholderName(const std::string& word) { return word.substr(1, word.size() - 2); }

const Flag* Among(const std::vector<Flag>& flags, std::string_view name) {
  for (const Flag& flag : flags) {
    const bool is_letter = name.size() == 1 && flag.letter == name.front();
    if (flag.name == name || is_letter) return &flag;
  }
  return nullptr;
}

std::string Written(const Flag& flag) { return "--" + flag.name; }

absl::Status CheckChoice(const Flag& flag, const std::string& value, const std::string& where) {
  if (flag.choices.empty()) return absl::OkStatus();
  if (std::find(flag.choices.begin(), flag.choices.end(), value) != flag.choices.end()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      where, " must be one of ", absl::StrJoin(flag.choices, ", "), ", not \"", value, "\""));
}

}  // namespace

bool IsPlaceholder(const std::string& word) { return !word.empty() && word.front() == '<'; }

bool Agrees(const std::vector<std::string>& path, const std::vector<std::string>& words) {
  for (size_t i = 0; i < std::min(path.size(), words.size()); ++i) {
    if (!IsPlaceholder(path[i]) && path[i] != words[i]) return false;
  }
  return true;
}

bool Arguments::Has(std::string_view name) const { return values_.find(name) != values_.end(); }

std::string Arguments::Get(std::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() || it->second.empty() ? "" : it->second.back();
}

std::vector<std::string> Arguments::All(std::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? std::vector<std::string>() : it->second;
}

// The words of a command line, told apart from its flags.
struct CommandTable::Words {
  struct GivenFlag {
    const Flag* flag;
    std::string value;
  };
  std::vector<std::string> plain;
  std::vector<GivenFlag> flags;
  bool help = false;
};

CommandTable::CommandTable(std::string program, std::string purpose, std::vector<Flag> global,
                           std::vector<Command> commands)
    : program_(std::move(program)),
      purpose_(std::move(purpose)),
      global_(std::move(global)),
      commands_(std::move(commands)) {
  // A line is split before its command is known, so a flag must mean the same everywhere.
  for (const Command& command : commands_) {
    for (const Flag& flag : command.flags) {
      const Flag* same = FlagNamed(flag.name);
      TRAMA_CHECK(same->value.empty() == flag.value.empty() && same->letter == flag.letter);
      TRAMA_CHECK(Among(global_, flag.name) == nullptr);
    }
  }
}

const Flag* CommandTable::FlagNamed(std::string_view name) const {
  if (const Flag* flag = Among(global_, name)) return flag;
  for (const Command& command : commands_) {
    if (const Flag* flag = Among(command.flags, name)) return flag;
  }
  return nullptr;
}

absl::StatusOr<CommandTable::Words> CommandTable::Split(
    const std::vector<std::string>& words) const {
  Words split;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      split.plain.insert(split.plain.end(), words.begin() + static_cast<ptrdiff_t>(i) + 1,
                         words.end());
      break;
    }
    if (word == "--help" || word == "-h") {
      split.help = true;
      continue;
    }
    if (word.size() < 2 || word[0] != '-' || absl::ascii_isdigit(word[1])) {  // -1 is a number.
      split.plain.push_back(word);
      continue;
    }
    const bool is_long = word[1] == '-';
    const size_t name_start = is_long ? 2 : 1;
    const size_t equals = word.find('=');
    const size_t name_end = is_long ? equals : 2;
    std::string name = word.substr(name_start, name_end - name_start);
    // As the services write their settings: --blob_dir.
    std::replace(name.begin(), name.end(), '_', '-');
    const Flag* flag = name.empty() ? nullptr : FlagNamed(name);
    if (flag == nullptr || (is_long && flag->name != name)) {
      std::vector<std::string> known = {"help"};
      for (const Flag& each : global_) known.push_back(each.name);
      for (const Command& command : commands_) {
        for (const Flag& each : command.flags) known.push_back(each.name);
      }
      const std::string meant = is_long ? ClosestName(name, known) : "";
      return absl::InvalidArgumentError(
          absl::StrCat(word.substr(0, is_long ? equals : 2), " is not a flag",
                       meant.empty() ? "" : absl::StrCat("; did you mean --", meant, "?")));
    }
    std::string value;
    const bool attached = is_long ? equals != std::string::npos : word.size() > 2;
    if (attached) value = word.substr(is_long ? equals + 1 : (word[2] == '=' ? 3 : 2));
    if (flag->value.empty()) {
      if (attached) {
        return absl::InvalidArgumentError(absl::StrCat(Written(*flag), " takes no value"));
      }
    } else if (!attached) {
      if (i + 1 == words.size()) {
        return absl::InvalidArgumentError(
            absl::StrCat(Written(*flag), " needs a value, ", flag->value));
      }
      value = words[++i];
    }
    split.flags.push_back({flag, std::move(value)});
  }
  return split;
}

absl::StatusOr<const Command*> CommandTable::Find(const std::vector<std::string>& words) const {
  const Command* found = nullptr;
  for (const Command& command : commands_) {
    if (command.path.size() > words.size() || !Agrees(command.path, words)) continue;
    if (found == nullptr || command.path.size() > found->path.size()) found = &command;
  }
  if (found != nullptr) return found;

  // How far do the words agree with any command, and what could come next?
  std::vector<std::string> known(words);
  std::set<std::string> next;
  while (next.empty()) {
    for (const Command& command : commands_) {
      if (command.path.size() > known.size() && Agrees(command.path, known)) {
        next.insert(command.path[known.size()]);
      }
    }
    if (next.empty()) known.pop_back();
  }
  const std::string so_far = absl::StrJoin(known, " ");
  const std::string choices = absl::StrJoin(next, ", ");
  if (known.size() == words.size()) {
    return absl::InvalidArgumentError(
        words.empty() ? absl::StrCat("which command? one of ", choices)
                      : absl::StrCat("\"", so_far, "\" needs one of ", choices));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", words[known.size()], "\" is not a command",
                   known.empty() ? "" : absl::StrCat(" of \"", so_far, "\""),
                   DidYouMean(words[known.size()], next), "; there are ", choices));
}

absl::Status CommandTable::TakeFlags(const Command& command, const Words& words,
                                     const Environment& environment, Arguments& arguments) const {
  for (const auto& [flag, value] : words.flags) {
    const Flag* mine = Among(global_, flag->name);
    if (mine == nullptr) mine = Among(command.flags, flag->name);
    if (mine == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(Written(*flag), " is not a flag of \"",
                                                     absl::StrJoin(command.path, " "), "\""));
    }
    if (absl::Status status = CheckChoice(*mine, value, Written(*mine)); !status.ok()) {
      return status;
    }
    std::vector<std::string>& values = arguments.values_[mine->name];
    if (!values.empty() && !mine->repeated) {
      return absl::InvalidArgumentError(absl::StrCat(Written(*mine), " is given twice"));
    }
    values.push_back(value);
  }
  for (const std::vector<Flag>* flags : {&global_, &command.flags}) {
    for (const Flag& flag : *flags) {
      if (arguments.Has(flag.name)) continue;
      const std::optional<std::string> value =
          flag.environment.empty() ? std::nullopt : environment(flag.environment);
      if (value.has_value() && !value->empty()) {
        if (absl::Status status = CheckChoice(flag, *value, flag.environment); !status.ok()) {
          return status;
        }
        arguments.values_[flag.name] = {*value};
      } else if (flag.required) {
        return absl::InvalidArgumentError(
            absl::StrCat(Written(flag), " ", flag.value, " is missing: ", flag.help));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CommandTable::TakeWords(const Command& command, const std::vector<std::string>& words,
                                     Arguments& arguments) const {
  for (size_t i = 0; i < command.path.size(); ++i) {
    if (!IsPlaceholder(command.path[i])) continue;
    arguments.values_[PlaceholderName(command.path[i])] = {words[i]};
  }
  size_t next = command.path.size();
  for (const Positional& positional : command.positionals) {
    if (next == words.size()) {
      if (positional.optional) break;
      return absl::InvalidArgumentError(
          absl::StrCat(positional.name, " is missing: ", positional.help));
    }
    std::vector<std::string>& values = arguments.values_[positional.name];
    do {
      values.push_back(words[next++]);
    } while (positional.repeated && next < words.size());
  }
  if (next < words.size()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", words[next],
                                                   "\" is one word too many for \"",
                                                   absl::StrJoin(command.path, " "), "\""));
  }
  return absl::OkStatus();
}

absl::StatusOr<Invocation> CommandTable::Parse(const std::vector<std::string>& words,
                                               const Environment& environment) const {
  absl::StatusOr<Words> split = Split(words);
  if (!split.ok()) return split.status();
  std::vector<std::string>& plain = split->plain;
  const bool asks_help = !plain.empty() && plain.front() == "help";
  if (asks_help) plain.erase(plain.begin());
  if (asks_help || split->help) {
    const bool known = std::any_of(commands_.begin(), commands_.end(),
                                   [&plain](const Command& c) { return Agrees(c.path, plain); });
    if (!known) return Find(plain).status();
    Invocation help;
    help.help = Help(plain);
    return help;
  }

  absl::StatusOr<const Command*> command = Find(plain);
  if (!command.ok()) return command.status();
  Invocation invocation;
  invocation.command = *command;
  if (absl::Status status = TakeFlags(**command, *split, environment, invocation.arguments);
      !status.ok()) {
    return status;
  }
  if (absl::Status status = TakeWords(**command, plain, invocation.arguments); !status.ok()) {
    return status;
  }
  return invocation;
}

std::string CommandTable::Help(const std::vector<std::string>& path) const {
  const Command* exact = nullptr;
  for (const Command& command : commands_) {
    if (command.path.size() <= path.size() && Agrees(command.path, path)) {
      if (exact == nullptr || command.path.size() > exact->path.size()) exact = &command;
    }
  }
  return exact == nullptr ? HelpOfGroup(path) : HelpOf(*exact);
}

}  // namespace trama::tramactl
