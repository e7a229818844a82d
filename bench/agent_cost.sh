#!/bin/sh
# What the agent costs on an idle host: CPU over some minutes and resident memory, beside
# prometheus-node-exporter scraped every 10 s (when it is installed, or given with EXPORTER=PATH).
#
#   bench/agent_cost.sh [MINUTES] [BUILD_FOLDER]
#
# Starts an engine and an agent of its own in a temporary folder, reads this machine and changes
# nothing. CPU is that of the process, its threads and ended children, from the kernel's own
# accounting (100 ticks a second: 10 ms is the finest step).
set -eu
minutes=${1:-10}
build=${2:-build/release}
exporter=${EXPORTER:-$(command -v prometheus-node-exporter || true)}
work=$(mktemp -d)
pids=""
stop() {
  for pid in $pids; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT INT TERM

ticks() { awk '{print $14 + $15 + $16 + $17}' "/proc/$1/stat"; }
memory_kib() { awk '/^VmRSS/ {print $2}' "/proc/$1/status"; }

"$build/bin/driftcast" engine --data "$work/engine" --port 0 --gate-port 0 \
  --local-join "$work/token" >"$work/engine.log" 2>&1 &
pids="$pids $!"
while [ ! -s "$work/token" ] || [ ! -s "$work/engine/engine.json" ]; do sleep 0.2; done
gate=$(sed -n 's/.*"gate": "\([^"]*\)".*/\1/p' "$work/engine/engine.json")
"$build/bin/driftcast-agent" --engine "$gate" --data "$work/agent" --join "@$work/token" \
  --stack bench >"$work/agent.log" 2>&1 &
agent=$!
pids="$pids $agent"
exporter_pid=""
if [ -n "$exporter" ]; then
  "$exporter" --web.listen-address=127.0.0.1:19100 >"$work/exporter.log" 2>&1 &
  exporter_pid=$!
  pids="$pids $exporter_pid"
else
  echo "prometheus-node-exporter is not installed: no peer in this run"
fi

until grep -qs snapshot.reported "$work/agent.log"; do sleep 0.5; done
sleep 30 # the first snapshot is not idle
start=$(date +%s)
agent_before=$(ticks "$agent")
[ -z "$exporter_pid" ] || exporter_before=$(ticks "$exporter_pid")
end=$((start + minutes * 60))
while [ "$(date +%s)" -lt "$end" ]; do
  [ -z "$exporter_pid" ] || curl -s -o /dev/null http://127.0.0.1:19100/metrics
  sleep 10
done
seconds=$(($(date +%s) - start))
hertz=$(getconf CLK_TCK)
report() { # name, ticks, pid
  awk -v name="$1" -v ticks="$2" -v hz="$hertz" -v s="$seconds" -v kib="$(memory_kib "$3")" \
    'BEGIN { printf "%-26s cpu %.3f %% of a core   resident %.1f MiB\n", name,
             100 * ticks / hz / s, kib / 1024 }'
}
echo "over $seconds s, after the first snapshot:"
report driftcast-agent $(($(ticks "$agent") - agent_before)) "$agent"
[ -z "$exporter_pid" ] ||
  report prometheus-node-exporter $(($(ticks "$exporter_pid") - exporter_before)) "$exporter_pid"
grep snapshot.reported "$work/agent.log"
"$build/bin/driftcast-agent" cost --data "$work/agent"
