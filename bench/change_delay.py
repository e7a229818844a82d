#!/usr/bin/env python3
"""How long it takes from a change on a host until a client of the live events has the drift.

  bench/change_delay.py [--changes 250] [--build build/release] [--rate 4]

The real engine, the real agent over a scratch folder, and a client that does what the page does: it
listens to /api/v1/events and, told of a drift, fetches it. The clock runs from just before the file
is written until the fetched drift shows the new value. Changes come at random moments, on average --rate a second.
"""
import argparse
import contextlib
import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from urllib.parse import quote, urlparse


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--changes", type=int, default=250)
    parser.add_argument("--rate", type=float, default=4)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


class Api:
    def __init__(self, data):
        self.address = json.load(open(f"{data}/engine.json"))
        self.token = open(f"{data}/token").read().strip()
        self.host = urlparse(self.address["url"]).netloc
        self.connection = http.client.HTTPConnection(self.host, timeout=60)

    def get(self, path, connection=None):
        connection = connection or self.connection
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        return connection.getresponse()

    def ask(self, path):
        return json.loads(self.get(path).read())

    def events(self, kinds):
        """The data of each event, as it comes."""
        stream = self.get(f"/api/v1/events?kinds={kinds}", http.client.HTTPConnection(self.host))
        for line in stream:
            if line.startswith(b"data:"):
                yield json.loads(line[5:])


def wait(condition, what):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.1)
    raise SystemExit(f"gave up waiting for {what}")


class Watcher(threading.Thread):
    """Fetches each drift that it is told of, as the page does."""

    def __init__(self, data):
        super().__init__(daemon=True)
        self.api, self.told, self.seen = Api(data), {}, {}

    def run(self):
        for event in self.api.events("drift"):
            now = time.monotonic()
            drift = self.api.ask(f"/api/v1/drifts/{quote(event['id'])}")
            name = drift["resource"]["name"]
            if any(key["observed"] and key["observed"]["text"] == "yes" for key in drift["keys"]):
                self.told.setdefault(name, now)
                self.seen.setdefault(name, time.monotonic())


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def report(name, seconds):
    ms = [1000 * s for s in seconds]
    print(f"{name:42} p50 {statistics.median(ms):6.0f} ms   p90 {percentile(ms, 0.9):6.0f} ms   "
          f"p99 {percentile(ms, 0.99):6.0f} ms   most {max(ms):6.0f} ms")


def measure(options, root, data):
    random.seed(options.seed)
    watcher = Watcher(data)
    watcher.start()
    time.sleep(1)
    begun, load = {}, os.getloadavg()[0]
    for i in range(options.changes):
        name = f"/etc/app/{i}.conf"
        begun[name] = time.monotonic()
        with open(root + name, "w") as file:
            file.write("PermitRootLogin yes\n")
        time.sleep(random.expovariate(options.rate))
    wait(lambda: len(watcher.seen) == options.changes, "the last drifts")
    print(f"{options.changes} changes, load average {load:.1f} before and "
          f"{os.getloadavg()[0]:.1f} after, on {os.cpu_count()} cores")
    report("change -> told by the event stream", [watcher.told[n] - begun[n] for n in begun])
    report("change -> drift fetched, as the page does", [watcher.seen[n] - begun[n] for n in begun])


@contextlib.contextmanager
def engine_and_agent(build, files, content, *agent_words):
    """Both programs over a scratch folder with as many files in /etc/app: (root, the engine's data).
    Removed at the end."""
    work = tempfile.mkdtemp(prefix="driftcast-delay-")
    root, data = f"{work}/root", f"{work}/engine"
    os.makedirs(f"{root}/etc/app")
    for i in range(files):
        with open(f"{root}/etc/app/{i}.conf", "w") as file:
            file.write(content)
    children = []

    def start(name, *words):
        log = open(f"{work}/{name}.log", "w")
        children.append(subprocess.Popen(words, stdout=log, stderr=log))

    try:
        start("engine", f"{build}/bin/driftcast", "engine", "--data", data, "--port", "0",
              "--gate-port", "0", "--local-join", f"{work}/join")
        wait(lambda: os.path.exists(f"{data}/engine.json") and os.path.exists(f"{work}/join"),
             "the engine")
        api = Api(data)
        start("agent", f"{build}/bin/driftcast-agent", "--engine", api.address["gate"], "--data",
              f"{work}/agent", "--join", f"@{work}/join", "--stack", "bench", "--root", root,
              *agent_words)
        wait(lambda: api.ask("/api/v1/resources?kind=file&status=IN_SYNC&limit=1")["total"]
             >= files, "the first snapshot")
        yield root, data
    finally:
        for child in reversed(children):
            child.terminate()
            child.wait()
        shutil.rmtree(work)


def main():
    options = arguments()
    with engine_and_agent(options.build, options.changes, "PermitRootLogin no\n") as (root, data):
        measure(options, root, data)


if __name__ == "__main__":
    main()
