#!/usr/bin/env bash
# What the shells themselves make of the scripts. Argument: the program.
set -eu
program=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
ln -s "$program" "$scratch/tramactl"
export PATH="$scratch:$PATH" HOME="$scratch"
cd "$scratch"
touch wanted.yaml

expect() {  # name, wanted, actual
  [ "$2" = "$3" ] || { printf '%s: wanted "%s", got "%s"\n' "$1" "$2" "$3" >&2; exit 1; }
}

in_bash() {
  bash --norc -c 'source <(tramactl completion bash)
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tramactl; echo "${COMPREPLY[@]}"' bash "$@"
}
expect "bash, a kind" "queues" "$(in_bash tramactl get qu)"
expect "bash, a value" "table json yaml" "$(in_bash tramactl get queues -o "")"
expect "bash, a file" "wanted.yaml" "$(in_bash tramactl apply -f wan)"

# The widgets of zsh run only in a terminal; what they are given shows the same.
in_zsh() {
  zsh -f -c 'compdef() { : }; _describe() { print -r -- ${(P)2} }; _files() { print files }
    source <(tramactl completion zsh)
    words=("$@"); CURRENT=$#; _tramactl' zsh "$@"
}
expect "zsh, a kind" "queues:" "$(in_zsh tramactl get qu)"
expect "zsh, a command" "apply:Create or change resources from YAML files, all or none" \
  "$(in_zsh tramactl app)"
expect "zsh, a file" "files" "$(in_zsh tramactl apply -f wan)"

in_fish() {
  fish --no-config -c 'tramactl completion fish | source; complete -C $argv[1]' "$1"
}
expect "fish, a kind" "queues" "$(in_fish "tramactl get qu")"
expect "fish, a new word" "diff history rollback" \
  "$(in_fish "tramactl config " | cut -f1 | tr '\n' ' ' | sed 's/ $//')"
expect "fish, a file" "wanted.yaml" "$(in_fish "tramactl apply -f wan")"
