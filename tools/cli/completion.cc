#include "tools/cli/completion.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tools/cli/kinds.h"

namespace trama::tramactl {
namespace {

// What was typed before the word in question.
struct Typed {
  std::vector<std::string> plain;
  std::vector<std::string> global_words;
  const Flag* open = nullptr;  // A flag whose value is the word in question.
};

const Flag* Among(const std::vector<Flag>& flags, const std::string& word) {
  const size_t equals = std::min(word.find('='), word.size());
  for (const Flag& flag : flags) {
    if (word.substr(0, equals) == "--" + flag.name) return &flag;
    if (word.size() >= 2 && word[0] == '-' && word[1] == flag.letter) return &flag;
  }
  return nullptr;
}

// A flag means the same with every command.
const Flag* FlagOf(const CommandTable& table, const std::string& word, bool* is_global) {
  const Flag* flag = Among(table.global(), word);
  *is_global = flag != nullptr;
  for (const Command& command : table.commands()) {
    if (flag != nullptr) break;
    flag = Among(command.flags, word);
  }
  return flag;
}

Typed Before(const CommandTable& table, const std::vector<std::string>& words) {
  Typed typed;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.size() < 2 || word.front() != '-') {
      typed.plain.push_back(word);
      continue;
    }
    bool is_global = false;
    const Flag* flag = FlagOf(table, word, &is_global);
    if (flag == nullptr) continue;
    const bool attached = word[1] == '-' ? absl::StrContains(word, "=") : word.size() > 2;
    if (is_global) typed.global_words.push_back(word);
    if (flag->value.empty() || attached) continue;
    if (i + 2 < words.size() && words[i + 1] == "=") ++i;  // bash makes "=" a word of its own.
    if (i + 2 >= words.size()) {
      typed.open = flag;
      if (is_global) typed.global_words.pop_back();
      break;
    }
    ++i;
    if (is_global) typed.global_words.push_back(words[i]);
  }
  return typed;
}

class Completer {
 public:
  Completer(const CommandTable& table, const std::vector<std::string>& kinds,
            const std::vector<std::string>& topics)
      : table_(table), kinds_(kinds), topics_(topics) {}

  Completion Of(const std::vector<std::string>& words) {
    prefix_ = words.empty() || words.back() == "=" ? "" : words.back();
    Typed typed = Before(table_, words);
    answer_.global_words = std::move(typed.global_words);
    if (typed.open != nullptr) {
      OfValue(*typed.open);
    } else if (absl::StartsWith(prefix_, "-")) {
      OfFlags(typed.plain);
    } else {
      OfWord(typed.plain);
    }
    return std::move(answer_);
  }

 private:
  void Offer(const std::string& word, const std::string& help = "") {
    if (absl::StartsWith(word, prefix_)) answer_.candidates.push_back({word, help});
  }

  const Command* CommandOf(const std::vector<std::string>& plain) const {
    const Command* found = nullptr;
    for (const Command& command : table_.commands()) {
      if (command.path.size() > plain.size() || !Agrees(command.path, plain)) continue;
      if (found == nullptr || command.path.size() > found->path.size()) found = &command;
    }
    return found;
  }

  void OfValue(const Flag& flag) {
    for (const std::string& choice : flag.choices) Offer(choice);
    answer_.files = flag.value == "FILE" || flag.value == "FOLDER";
    if (flag.name == "workspace") answer_.names_of = "Workspace";
  }

  void OfFlags(const std::vector<std::string>& plain) {
    const size_t equals = prefix_.find('=');
    bool is_global = false;
    const Flag* flag = FlagOf(table_, prefix_, &is_global);
    if (equals != std::string::npos && flag != nullptr) {
      for (const std::string& choice : flag->choices) {
        Offer(absl::StrCat("--", flag->name, "=", choice));
      }
      return;
    }
    if (const Command* command = CommandOf(plain)) {
      for (const Flag& each : command->flags) Offer("--" + each.name, each.help);
    }
    for (const Flag& each : table_.global()) Offer("--" + each.name, each.help);
    Offer("--help", "Say more");
  }

  void OfWord(const std::vector<std::string>& plain) {
    std::map<std::string, std::string> next;  // A word, and its command's summary if it ends one.
    for (const Command& command : table_.commands()) {
      if (command.path.size() <= plain.size() || !Agrees(command.path, plain)) continue;
      const std::string& word = command.path[plain.size()];
      if (IsPlaceholder(word)) {
        answer_.names_of = "Agent";  // {"agent", "<name>", …}
      } else {
        std::string& help = next[word];
        if (command.path.size() == plain.size() + 1) help = command.summary;
      }
    }
    for (const auto& [word, help] : next) Offer(word, help);
    if (const Command* command = CommandOf(plain)) OfPositional(*command, plain);
  }

  void OfPositional(const Command& command, const std::vector<std::string>& plain) {
    if (command.positionals.empty()) return;
    const size_t given = plain.size() - command.path.size();
    if (given >= command.positionals.size() && !command.positionals.back().repeated) return;
    const Positional& wanted = command.positionals[std::min(given, command.positionals.size() - 1)];
    for (const std::string& choice : wanted.choices) Offer(choice);
    if (wanted.name == "WORKSPACE") {
      answer_.names_of = "Workspace";
    } else if (wanted.name == "KIND") {
      for (const std::string& kind : kinds_) Offer(kind);
    } else if (wanted.name == "TOPIC") {
      for (const std::string& topic : topics_) Offer(topic);
    } else if (wanted.name == "NAME" && command.positionals.front().name == "KIND") {
      const auto kind = ParseKind(plain[command.path.size()]);
      if (kind.ok()) answer_.names_of = *kind;
    }
  }

  const CommandTable& table_;
  const std::vector<std::string>& kinds_;
  const std::vector<std::string>& topics_;
  std::string prefix_;
  Completion answer_;
};

}  // namespace

Completion Complete(const CommandTable& table, const std::vector<std::string>& words,
                    const std::vector<std::string>& kinds, const std::vector<std::string>& topics) {
  return Completer(table, kinds, topics).Of(words);
}

}  // namespace trama::tramactl
