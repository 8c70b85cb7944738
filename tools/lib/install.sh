# Sourced by the tools: installs what is missing of packages.txt. Needs root or sudo only when
# something is missing.

_package_is_there() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# A Go newer than Debian's is as good; so are a Node and a Maven that came another way.
_provided_otherwise() {
  case $1 in
    golang-go) command -v go >/dev/null ;;
    nodejs) command -v node >/dev/null ;;
    npm) command -v npm >/dev/null ;;
    *) false ;;
  esac
}

missing_packages() {
  local package
  for package in $(grep -v '^#' "$TRAMA_ROOT/tools/lib/packages.txt") "$@"; do
    _package_is_there "$package" || _provided_otherwise "$package" || echo "$package"
  done
}

# install_packages [further packages...]
install_packages() {
  local missing as_root=()
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  # shellcheck disable=SC2086
  set -- $missing
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null && [ ! -t 0 ]; then
      echo "packages are missing and sudo is not to be had here; as root run:" >&2
      echo "  apt-get update && apt-get install --no-install-recommends $*" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "installing $# packages: $*"
  "${as_root[@]}" apt-get update -qq
  # Postfix and Redis come with services of their own, which nobody here wants started.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
