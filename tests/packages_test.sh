#!/usr/bin/env bash
# What ./up and ./test find missing, on a machine that never heard of some of it.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/lib.sh

# expect MISSING PACKAGE...: as install_packages asks, where a failure ends the script.
expect() {
  local wanted=$1 missing
  shift
  missing=$(missing_packages "$@")
  [ "$missing" = "$wanted" ] || die "missing of $*: expected \"$wanted\", got \"$missing\""
}
expect "" dpkg coreutils
expect "no-such-package-of-ours" dpkg no-such-package-of-ours coreutils
expect "no-other-package-of-ours
no-such-package-of-ours" no-such-package-of-ours no-other-package-of-ours
