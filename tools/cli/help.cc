#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/kernel/text.h"
#include "tools/cli/args.h"

namespace trama::tramactl {
namespace {

using Row = std::pair<std::string, std::string>;

// Two columns, the left one as wide as its widest entry (within reason).
std::string Columns(const std::vector<Row>& rows) {
  constexpr size_t kLeftMax = 34;
  size_t width = 0;
  for (const Row& row : rows) {
    const size_t length = CountCodePoints(row.first);
    if (length <= kLeftMax) width = std::max(width, length);
  }
  std::string text;
  for (const auto& [left, right] : rows) {
    const size_t length = CountCodePoints(left);
    const std::string gap =
        length > width ? "\n" + std::string(width + 4, ' ') : std::string(width + 2 - length, ' ');
    absl::StrAppend(&text, "  ", left, gap, right, "\n");
  }
  return text;
}

std::string Written(const Positional& positional) {
  std::string text = positional.name;
  if (positional.repeated) text += "...";
  return positional.optional ? "[" + text + "]" : text;
}

// A word that stands for a value looks like one: "<name>" → "NAME".
std::string Written(const std::vector<std::string>& path) {
  std::vector<std::string> words;
  for (const std::string& word : path) {
    const bool is_value = word.front() == '<';
    words.push_back(is_value ? absl::AsciiStrToUpper(word.substr(1, word.size() - 2)) : word);
  }
  return absl::StrJoin(words, " ");
}

Row RowOf(const Flag& flag) {
  std::string left =
      flag.letter == '\0' ? "    " : absl::StrCat("-", std::string(1, flag.letter), ", ");
  absl::StrAppend(&left, "--", flag.name);
  if (!flag.value.empty()) absl::StrAppend(&left, " ", flag.value);
  std::string right = flag.help;
  if (!flag.choices.empty()) absl::StrAppend(&right, ": ", absl::StrJoin(flag.choices, ", "));
  if (flag.required) right += " (required)";
  if (flag.repeated) right += " (may be given several times)";
  if (!flag.environment.empty()) absl::StrAppend(&right, " [$", flag.environment, "]");
  return {std::move(left), std::move(right)};
}

std::string FlagRows(const std::vector<Flag>& flags) {
  std::vector<Row> rows;
  for (const Flag& flag : flags) rows.push_back(RowOf(flag));
  return Columns(rows);
}

}  // namespace

std::string CommandTable::HelpOf(const Command& command) const {
  std::string usage = absl::StrCat("usage: ", program_, " ", Written(command.path));
  for (const Positional& positional : command.positionals) {
    absl::StrAppend(&usage, " ", Written(positional));
  }
  std::string text = absl::StrCat(usage, " [flags]\n\n", command.summary, "\n");
  if (!command.details.empty()) absl::StrAppend(&text, "\n", command.details, "\n");
  if (!command.positionals.empty()) {
    std::vector<Row> rows;
    for (const Positional& positional : command.positionals) {
      rows.emplace_back(Written(positional), positional.help);
    }
    absl::StrAppend(&text, "\n", Columns(rows));
  }
  if (!command.flags.empty()) absl::StrAppend(&text, "\nflags:\n", FlagRows(command.flags));
  absl::StrAppend(&text, "\nflags of every command:\n", FlagRows(global_));
  return text;
}

std::string CommandTable::HelpOfGroup(const std::vector<std::string>& path) const {
  std::vector<Row> rows;
  for (const Command& command : commands_) {
    const size_t common = std::min(command.path.size(), path.size());
    bool inside = command.path.size() >= path.size();
    for (size_t i = 0; i < common; ++i) {
      inside = inside && (command.path[i] == path[i] || command.path[i].front() == '<');
    }
    if (!inside) continue;
    std::string left = Written(command.path);
    for (const Positional& positional : command.positionals) {
      absl::StrAppend(&left, " ", Written(positional));
    }
    rows.emplace_back(std::move(left), command.summary);
  }
  std::string text;
  if (path.empty()) {
    absl::StrAppend(&text, program_, ": ", purpose_, "\n\nusage: ", program_,
                    " COMMAND [flags]\n\ncommands:\n", Columns(rows), "\nflags of every command:\n",
                    FlagRows(global_), "\n\"", program_,
                    " COMMAND --help\" says more about a command.\n",
                    "exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 not reachable\n");
  } else {
    absl::StrAppend(&text, "usage: ", program_, " ", Written(path), " COMMAND\n\n", Columns(rows));
  }
  return text;
}

}  // namespace trama::tramactl
