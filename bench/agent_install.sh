#!/bin/sh
# What the agent costs while 100 packages are installed, beside prometheus-node-exporter (scraped
# every 10 s) and one check by AIDE of the same folders afterwards.
#
#   bench/agent_install.sh [BUILD_FOLDER]
#
# A copy of this machine's /etc, units and dpkg state is the host; the real dpkg (--root) installs
# packages made here, one call for each ten, as apt does. Needs root for that. Starts an engine and an
# agent of its own in a temporary folder. CPU is the kernel's own accounting of the process and its
# ended children, to 10 ms.
set -eu
build=${1:-build/release}
exporter=$(command -v prometheus-node-exporter || true)
work=$(mktemp -d)
pids=""
stop() {
  for pid in $pids; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT INT TERM
ticks() { awk '{print $14 + $15 + $16 + $17}' "/proc/$1/stat"; }
memory() { awk '/^VmHWM/ {printf "%.1f MiB at most", $2 / 1024}' "/proc/$1/status"; }
read_mib() { awk '/^rchar/ {printf "%.1f", $2 / 1048576}' "/proc/$1/io"; }

root=$work/root
mkdir -p "$root/usr/lib/systemd" "$root/var/lib/dpkg/updates" "$root/var/log/apt"
cp -a /etc "$root/"
cp -a /usr/lib/systemd/system "$root/usr/lib/systemd/"
cp -a /var/lib/dpkg/status /var/lib/dpkg/info "$root/var/lib/dpkg/"
: >"$root/var/lib/dpkg/available"
: >"$root/var/log/apt/history.log"
mkdir "$work/debs"
for n in $(seq 100); do
  tree=$work/tree/cost-$n
  mkdir -p "$tree/DEBIAN" "$tree/etc/cost" "$tree/usr/lib/systemd/system" "$tree/usr/share/doc/cost-$n"
  printf 'Package: cost-%s\nVersion: 1\nArchitecture: all\nMaintainer: N <n@example>\nDescription: x\n' \
    "$n" >"$tree/DEBIAN/control"
  echo "/etc/cost/$n.conf" >"$tree/DEBIAN/conffiles"
  printf '[main]\nlevel = 1\n' >"$tree/etc/cost/$n.conf"
  printf '[Service]\nExecStart=/usr/bin/cost-%s\n' "$n" >"$tree/usr/lib/systemd/system/cost-$n.service"
  echo text >"$tree/usr/share/doc/cost-$n/copyright"
  dpkg-deb -Znone --root-owner-group -b "$tree" "$work/debs/" >/dev/null
done

"$build/bin/driftcast" engine --data "$work/engine" --port 0 --gate-port 0 \
  --local-join "$work/token" >"$work/engine.log" 2>&1 &
pids="$pids $!"
while [ ! -s "$work/token" ] || [ ! -s "$work/engine/engine.json" ]; do sleep 0.2; done
gate=$(sed -n 's/.*"gate": "\([^"]*\)".*/\1/p' "$work/engine/engine.json")
"$build/bin/driftcast-agent" --engine "$gate" --data "$work/agent" --join "@$work/token" \
  --root "$root" --stack bench >"$work/agent.log" 2>&1 &
agent=$!
pids="$pids $agent"
if [ -n "$exporter" ]; then
  "$exporter" --web.listen-address=127.0.0.1:19108 >"$work/exporter.log" 2>&1 &
  exporter_pid=$!
  pids="$pids $exporter_pid"
fi
until grep -q snapshot.reported "$work/agent.log"; do sleep 0.5; done
sleep 10
cat >"$work/aide.conf" <<END
database_in=file:$work/aide.db
database_out=file:$work/aide.db
report_url=file:$work/aide.report
Full = ftype+p+l+u+g+s+m+c+i+n+sha256
$root/etc Full
$root/usr/lib/systemd Full
$root/var/lib/dpkg/status Full
END
if command -v aide >/dev/null; then aide -c "$work/aide.conf" --init >/dev/null 2>&1; fi

before=$(ticks "$agent")
[ -z "$exporter" ] || exporter_before=$(ticks "$exporter_pid")
start=$(date +%s)
printf '\nStart-Date: %s\nCommandline: apt-get install\nInstall: %s\n' "$(date '+%Y-%m-%d  %H:%M:%S')" \
  "$(seq -s, 100 | sed 's/[0-9]*/cost-&:all (1)/g; s/,/, /g')" >>"$root/var/log/apt/history.log"
for tens in 0 1 2 3 4 5 6 7 8 9; do
  set --
  for n in $(seq $((tens * 10 + 1)) $((tens * 10 + 10))); do set -- "$@" "$work/debs/cost-${n}_1_all.deb"; done
  dpkg --root="$root" --force-all --no-triggers -i "$@" >>"$work/dpkg.log" 2>&1
  [ -z "$exporter" ] || curl -s -o /dev/null http://127.0.0.1:19108/metrics
done
printf 'End-Date: %s\n' "$(date '+%Y-%m-%d  %H:%M:%S')" >>"$root/var/log/apt/history.log"
installed=$(($(date +%s) - start))
sleep 15 # what was seen is read and reported
hertz=$(getconf CLK_TCK)
seconds() { awk -v t="$1" -v hz="$hertz" 'BEGIN { printf "%.2f s", t / hz }'; }
echo "dpkg installed 100 packages in $installed s"
echo "driftcast-agent           cpu $(seconds $(($(ticks "$agent") - before)))   $(memory "$agent")   read $(read_mib "$agent") MiB since start"
[ -z "$exporter" ] ||
  echo "prometheus-node-exporter  cpu $(seconds $(($(ticks "$exporter_pid") - exporter_before)))   $(memory "$exporter_pid")"
if command -v aide >/dev/null; then
  # shellcheck disable=SC2046
  (TIMEFORMAT='aide, one check            cpu %U s user, %S s system'; export TIMEFORMAT
   bash -c "time aide -c '$work/aide.conf' --check >'$work/aide.out' 2>&1 || true")
  grep -E 'Added entries|Changed entries' "$work/aide.report" "$work/aide.out" | head -4 || true
fi
"$build/bin/driftcast-agent" cost --data "$work/agent" | head -4
