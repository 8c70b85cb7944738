#pragma once

#include <string>
#include <vector>

#include "tools/cli/args.h"

namespace trama::tramactl {

// What a shell may offer for the word that is being typed.
struct Completion {
  struct Candidate {
    std::string word;
    std::string help;  // One line; may be empty.
  };
  std::vector<Candidate> candidates;  // Those that begin with what is typed already.
  bool files = false;                 // Names of files instead.
  // Besides, the names of the resources of this kind; empty: of none.
  std::string names_of;
  // The flags of every command that were typed, as words: where to look, and as whom.
  std::vector<std::string> global_words;
};

// `words`: those behind the program's name, the last one being typed (empty: a new one). `kinds`
// and `topics` are what may stand for KIND and TOPIC.
Completion Complete(const CommandTable& table, const std::vector<std::string>& words,
                    const std::vector<std::string>& kinds, const std::vector<std::string>& topics);

// The word that makes the program answer a shell instead of a person.
inline constexpr char kCompleteWord[] = "__complete";
// Printed instead of candidates: offer names of files.
inline constexpr char kFilesLine[] = ":files";

// The shells that there is a script for, and the script; empty for another shell.
std::vector<std::string> CompletionShells();
std::string CompletionScript(const std::string& shell);

}  // namespace trama::tramactl
