# Sourced by the tools: where things are, and how they are built.
set -euo pipefail

TRAMA_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
TRAMA_RUN=${TRAMA_RUN:-$TRAMA_ROOT/.run}
TRAMA_CACHE=${TRAMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/trama}
TRAMA_PRESET=${TRAMA_PRESET:-dev}
TRAMA_BUILD=$TRAMA_ROOT/build/$TRAMA_PRESET
export TRAMA_ROOT TRAMA_RUN TRAMA_CACHE TRAMA_PRESET TRAMA_BUILD
mkdir -p "$TRAMA_RUN" "$TRAMA_CACHE"

# shellcheck source=tools/lib/install.sh
. "$TRAMA_ROOT/tools/lib/install.sh"

say() { printf '%s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# build [targets...]: configures when needed, then builds; the log is shown only when it fails.
build() {
  local log=$TRAMA_RUN/build-$TRAMA_PRESET.log began=$SECONDS
  say "building (preset $TRAMA_PRESET; log: ${log#"$TRAMA_ROOT"/})"
  if ! { cd "$TRAMA_ROOT" && cmake --preset "$TRAMA_PRESET" && ninja -C "$TRAMA_BUILD" "$@"; } >"$log" 2>&1; then
    grep -nE 'error|FAILED|undefined reference' "$log" | head -40 >&2 || true
    tail -n 20 "$log" >&2
    die "the build failed; the whole log is in $log"
  fi
  say "built in $((SECONDS - began)) s"
}

# Sanitizers of Debian 12's age lose their shadow memory to a random layout of addresses, now and then,
# and hang (https://github.com/google/sanitizers/issues/1614): the words that fix it, where allowed.
fixed_layout() {
  local words="setarch --addr-no-randomize"
  # shellcheck disable=SC2086
  case $TRAMA_PRESET in asan | tsan | fuzz) $words true 2>/dev/null && echo "$words" ;; esac
  return 0
}

port_is_free() { ! ss -Hltn "sport = :$1" | grep -q .; }

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || { say "gave up waiting for $what" >&2; return 1; }
    sleep 0.1
  done
}

# stop_pid FILE: ends the process that FILE names, politely first, and only if it is ours.
stop_pid() {
  local file=$1 pid
  [ -f "$file" ] || return 0
  pid=$(cat "$file")
  rm -f "$file"
  kill -TERM "$pid" 2>/dev/null || return 0
  local deadline=$((SECONDS + ${2:-15}))
  while kill -0 "$pid" 2>/dev/null; do
    if [ $SECONDS -ge $deadline ]; then
      kill -KILL "$pid" 2>/dev/null || true
      return 0
    fi
    sleep 0.05
  done
}
