#include "tools/cli/completion.h"

// What each shell runs. The words are asked from the program itself, so that a script never grows
// old; a line is a word, a tab and what it means.
namespace trama::tramactl {
namespace {

// COMP_WORDS: bash(1), Programmable Completion.
constexpr char kBash[] = R"(# tramactl for bash: source <(tramactl completion bash)
_tramactl() {
  local word help
  COMPREPLY=()
  while IFS=$'\t' read -r word help; do
    if [[ $word == :files ]]; then
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
      return
    fi
    COMPREPLY+=("$word")
  done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _tramactl tramactl
)";

// words, CURRENT, _describe: zshcompsys(1).
constexpr char kZsh[] = R"(#compdef tramactl
# tramactl for zsh: source <(tramactl completion zsh), or this text as _tramactl in $fpath
_tramactl() {
  local -a lines items
  local line
  lines=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ ${lines[1]} == :files ]]; then
    _files
    return
  fi
  for line in "${lines[@]}"; do
    [[ -n $line ]] || continue
    items+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  _describe tramactl items
}
compdef _tramactl tramactl
)";

// commandline, complete: fish's manual, Writing your own completions.
constexpr char kFish[] = R"(# tramactl for fish: tramactl completion fish | source
function __tramactl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    if test "$lines[1]" = ":files"
        __fish_complete_path "$current"
    else if test (count $lines) -gt 0
        printf '%s\n' $lines
    end
end
complete -c tramactl -f -a '(__tramactl_complete)'
)";

}  // namespace

std::vector<std::string> CompletionShells() { return {"bash", "zsh", "fish"}; }

std::string CompletionScript(const std::string& shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  return shell == "fish" ? kFish : "";
}

}  // namespace trama::tramactl
