# What ./up, ./test and .ci/run share. Sourced, with the project's root as the current folder.

say() { if [ -t 2 ]; then printf '\033[1m==> %s\033[0m\n' "$*" >&2; else printf '==> %s\n' "$*" >&2; fi; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Runs a command as root: directly, or with sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else return 127
  fi
}

# Names in package lists, without comments.
packages_in() { cat "$@" | sed 's/#.*//; /^[[:space:]]*$/d'; }

# Those of the given packages that are not installed. (dpkg-query fails when it never heard of one.)
missing_packages() {
  { dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true; } |
    sed -n 's/^installed //p' | sort -u | comm -13 - <(printf '%s\n' "$@" | sort -u)
}

# A Node.js >= 18 that is present is used, else Debian's is installed.
node_packages() {
  local major
  major=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p')
  if [ "${major:-0}" -ge 18 ] && command -v npm >/dev/null; then return; fi
  echo nodejs npm
}

# install_packages LIST_FILE...: installs what is missing and says so; quiet when nothing is.
install_packages() {
  command -v dpkg-query >/dev/null || die "this needs Debian 12 (there is no dpkg here)"
  local missing
  # shellcheck disable=SC2046
  missing=$(missing_packages $(packages_in "$@") $(node_packages))
  [ -z "$missing" ] && return
  # shellcheck disable=SC2086
  say "installing packages:" $missing
  # shellcheck disable=SC2086
  { as_root apt-get -o DPkg::Lock::Timeout=300 update -qq &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-remove \
      --no-install-recommends $missing >/dev/null; } ||
    die "packages could not be installed; as root, run:
    apt-get update && apt-get install --no-remove $(echo $missing)"
}

# build PRESET TARGET...: configures once, then builds with progress.
build() {
  local preset=$1
  shift
  if [ ! -f "build/$preset/build.ninja" ]; then
    say "configuring ($preset)"
    mkdir -p build
    cmake --preset "$preset" > "build/configure-$preset.log" 2>&1 ||
      { tail -n 20 "build/configure-$preset.log" >&2; die "the build could not be configured"; }
  fi
  say "building ($preset)"
  if [ -t 2 ]; then
    ninja -C "build/$preset" "$@" >&2
  else
    NINJA_STATUS="[%f/%t %es] " ninja -C "build/$preset" "$@" 2>&1 | thin_progress >&2
  fi || die "the build failed; the message is above"
}

# Without a terminal: every 50th step, and all that is no step.
thin_progress() { awk '/^\[[0-9]+\// { if (++n % 50 == 0) { print; fflush() } next } { print; fflush() }'; }
