#!/usr/bin/env bash
# docs/settings.md has every option of the engine and the agent, and none that is gone; the sample
# files in docs/examples are taken by the programs: settings_test.sh FOLDER_OF_PROGRAMS
set -euo pipefail
bin=$1
cd "$(dirname "$(readlink -f "$0")")/.."

options_of() { "$@" --help | grep -oE '^ +(-h,)?--[a-z-]+' | grep -oE -e '--[a-z-]+'; }
named() { sed -n "/^## $1/,/^## [^#]/p" docs/settings.md | grep -oE '`--[a-z-]+`' | tr -d '`'; }
compare() {
  local section=$1
  shift
  diff <(options_of "$@" | grep -vE -e '^--(help|version)$' | sort -u) \
    <(named "$section" | grep -vE -e '^--(help|version)$' | sort -u) ||
    { echo "docs/settings.md, section '$section', and $(basename "$1") --help differ (above: < only there)"; exit 1; }
}
compare 'The engine' "$bin/driftcast" engine
compare 'The agent' "$bin/driftcast-agent"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$bin/driftcast" policy check docs/examples/policy.toml --role web > "$scratch/policy"
grep -q 'sound: 1 windows, 1 freezes, 2 approval rules, 1 unattended' "$scratch/policy" || { cat "$scratch/policy"; exit 1; }

# Their host checks list and commands before anything else: what it refuses names the line.
printf '' | "$bin/driftcast-apply" --print-allowed --allow docs/examples/allow > "$scratch/allowed"
diff <(printf '%s\n' command file package sysctl unit) <(sort "$scratch/allowed")

# The engine reads its channels, and the files that they name, at its start, and refuses what it does
# not know. (Of the feeds' sample see src/ingest/feed_fetch_test.cc.)
for name in slack.url mail.password hook.secret; do echo https://example.org > "$scratch/$name"; done
sed "s|/etc/driftcast/|$scratch/|; s|/var/log/driftcast|$scratch|" docs/examples/notify.toml \
  > "$scratch/notify.toml"
"$bin/driftcast" engine --data "$scratch/data" --port 0 --gate-port 0 --otlp-port -1 \
  --notify "$scratch/notify.toml" > "$scratch/log" 2>&1 &
engine=$!
started=
for _ in $(seq 200); do
  [ ! -f "$scratch/data/engine.json" ] || { started=1; break; }
  kill -0 "$engine" 2>/dev/null || { cat "$scratch/log"; exit 1; }
  sleep 0.1
done
kill "$engine"
wait "$engine" || true
[ -n "$started" ] || { cat "$scratch/log"; exit 1; }
