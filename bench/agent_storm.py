#!/usr/bin/env python3
"""A storm of file changes: is anything of the configuration lost, and what does the agent use?

    bench/agent_storm.py [BUILD_FOLDER] [CHANGES] [SECONDS]

Starts an engine and an agent of its own in a temporary folder; the host is a scratch root with 800
files, which are rewritten CHANGES times (100,000) within SECONDS (60). Afterwards every file's last
value must be in the engine. Prints figures; exit code 1 when a value is missing after two minutes.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

BUILD = sys.argv[1] if len(sys.argv) > 1 else "build/release"
CHANGES = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
SECONDS = float(sys.argv[3]) if len(sys.argv) > 3 else 60
FILES = 800

work = tempfile.mkdtemp(prefix="driftcast-storm-")
root = os.path.join(work, "root")
started = []


def start(name, *arguments):
    with open(os.path.join(work, name + ".log"), "w") as log:
        process = subprocess.Popen(arguments, stdout=log, stderr=subprocess.STDOUT)
    started.append(process)
    return process


def path_of(number):
    return os.path.join(root, "etc/storm", f"{number}.conf")


def write(number, value):
    with open(path_of(number), "w") as file:
        file.write(f"v = {value}\n")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def status_mib(pid, name):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(name + r":\s+(\d+)", file.read()).group(1)) / 1024


def wait_for(condition, seconds):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.5)
    return False


def arrived(value):
    listed = subprocess.run(
        [f"{BUILD}/bin/driftcast", "drift", "--data", f"{work}/engine", "--json", "--limit", "1000"],
        capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        return 0
    answer = json.loads(listed.stdout)
    rows = answer if isinstance(answer, list) else next(v for v in answer.values() if isinstance(v, list))
    texts = (json.dumps(row) for row in rows)
    return len({re.search(r"/etc/storm/\d+\.conf", text).group(0) for text in texts
                if re.search(rf"\b{value}\b", text) and "/etc/storm/" in text})


def run():
    os.makedirs(os.path.join(root, "etc/storm"))
    for number in range(FILES):
        write(number, 0)
    start("engine", f"{BUILD}/bin/driftcast", "engine", "--data", f"{work}/engine", "--port", "0",
          "--gate-port", "0", "--local-join", f"{work}/token")
    wait_for(lambda: os.path.exists(f"{work}/token") and os.path.exists(f"{work}/engine/engine.json"), 60)
    with open(f"{work}/engine/engine.json") as file:
        gate = json.load(file)["gate"]
    agent = start("agent", f"{BUILD}/bin/driftcast-agent", "--engine", gate, "--data", f"{work}/agent",
                  "--join", f"@{work}/token", "--root", root, "--stack", "storm")
    log = f"{work}/agent.log"
    wait_for(lambda: "snapshot.reported" in open(log).read(), 60)
    time.sleep(5)

    before, begin = cpu_seconds(agent.pid), time.time()
    rounds = CHANGES // FILES
    for change in range(rounds * FILES):
        write(change % FILES, change // FILES + 1)
        ahead = begin + change * SECONDS / CHANGES - time.time()
        if ahead > 0.01:
            time.sleep(ahead)
    lasted = time.time() - begin
    used = cpu_seconds(agent.pid) - before
    calm = time.time()
    complete = wait_for(lambda: arrived(rounds) == FILES, 120)
    print(f"changes                         {rounds * FILES} of {FILES} files in {lasted:.0f} s")
    print(f"agent's CPU meanwhile           {100 * used / lasted:.1f} % of a core")
    print(f"agent's memory, at most         {status_mib(agent.pid, 'VmHWM'):.1f} MiB")
    print(f"last values in the engine       {arrived(rounds)} of {FILES}, "
          f"{time.time() - calm:.1f} s after the storm")
    wait_for(lambda: False, 61)  # the next report
    with open(f"{work}/agent/cost") as file:
        print("".join(line for line in file if line.startswith(("total", "files", "who"))), end="")
    return 0 if complete else 1


try:
    result = run()
finally:
    for process in started:
        process.terminate()
    for process in started:
        process.wait()
    shutil.rmtree(work)
sys.exit(result)
