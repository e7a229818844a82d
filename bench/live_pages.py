#!/usr/bin/env python3
"""Many live pages while facts stream: what it costs the engine, and how late pages hear of a change.

  bench/live_pages.py --bin build/release/bin [--pages 500] [--rate 5000] [--agents 50]
                      [--resources 200] [--seconds 30]

Starts an engine and a simulated fleet (bench/fleet) in a scratch folder, opens that many event streams
as the page does, and lets a few of them ask again as the page would. The delay of an event is from the
time that the agent put into the fact until its line is read here; both are this machine's clock. While
resource events come by the hundred, pages are told to ask again once a second instead of being told each
one, so delays of single changes are measured from a second, quiet run with ten changes a second.
"""
import argparse
import asyncio
import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time


def parse_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def usage(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    rss = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    return cpu, rss


class Tally:
    def __init__(self):
        self.delays, self.events, self.resets, self.bytes = [], 0, 0, 0


async def stream(host, port, token, tally, ready):
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 22)
    writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    await writer.drain()
    ready.append(1)
    kind = b""
    try:
        while line := await reader.readline():
            tally.bytes += len(line)
            if line.startswith(b"event: "):
                kind = line[7:].strip()
                if kind == b"reset":
                    tally.resets += 1
            elif line.startswith(b"data: ") and kind != b"reset":
                tally.events += 1
                if kind == b"resource":
                    tally.delays.append(time.time() - parse_time(json.loads(line[6:])["at"]))
    finally:
        writer.close()


async def ask(host, port, token, path, times):
    began = time.time()
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 22)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    await reader.read(-1)
    writer.close()
    times.append(time.time() - began)


async def asking(host, port, token, times):
    while True:
        for path in ("/api/v1/overview", "/api/v1/resources?limit=200", "/api/v1/drifts/causes"):
            await ask(host, port, token, path, times)
        await asyncio.sleep(1)


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))] if values else float("nan")


async def measure(options, url, token, pid, seconds):
    host, port = url.removeprefix("http://").split(":")
    tally, ready, times = Tally(), [], []
    tasks = [asyncio.create_task(stream(host, port, token, tally, ready)) for _ in range(options.pages)]
    while len(ready) < options.pages:
        await asyncio.sleep(0.05)
    asker = asyncio.create_task(asking(host, port, token, times))
    await asyncio.sleep(3)
    tally.delays, tally.events, tally.resets, tally.bytes = [], 0, 0, 0
    began, (cpu, _) = time.time(), usage(pid)
    mine = time.process_time()
    await asyncio.sleep(seconds)
    after, rss = usage(pid)
    took = time.time() - began
    asker.cancel()
    for task in tasks:
        task.cancel()
    alive = sum(1 for task in tasks if not task.done() or task.cancelled())
    await asyncio.gather(*tasks, asker, return_exceptions=True)
    return {
        "pages": alive,
        "engine_cpu_percent": round(100 * (after - cpu) / took, 1),
        "engine_rss_mib": round(rss / 2**20, 1),
        "this_script_cpu_percent": round(100 * (time.process_time() - mine) / took, 1),
        "events_per_page_second": round(tally.events / options.pages / took, 2),
        "resets_per_page_second": round(tally.resets / options.pages / took, 2),
        "mib_per_second": round(tally.bytes / took / 2**20, 2),
        "delay_ms": {q: round(1000 * quantile(tally.delays, v), 1) for q, v in (("p50", 0.5), ("p99", 0.99))} if tally.delays else None,
        "answer_ms": {q: round(1000 * quantile(times, v), 1) for q, v in (("p50", 0.5), ("p99", 0.99))},
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--rate", type=float, default=5000)
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--resources", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="driftcast-pages-"))
    started = []

    def start(*words):
        started.append(subprocess.Popen([str(word) for word in words], stdout=open(folder / "log", "a"),
                                        stderr=subprocess.STDOUT))
        return started[-1]

    try:
        engine = start(f"{options.bin}/driftcast", "engine", "--data", folder / "data", "--port", 0, "--gate-port", 0,
                       "--local-join", folder / "join", "--local-join-uses", options.agents)
        while not (folder / "data/engine.json").exists():
            if engine.poll() is not None:
                sys.exit((folder / "log").read_text())
            time.sleep(0.1)
        about = json.loads((folder / "data/engine.json").read_text())
        token = (folder / "data/token").read_text().strip()
        for name, rate in (("facts at the full rate", options.rate), ("ten changes a second", 10)):
            fleet = start(f"{options.bin}/fleet", "--server", about["gate"], "--token-file", folder / "join", "--agents",
                          options.agents, "--resources", options.resources, "--rate", rate, "--seconds", 100000)
            time.sleep(15)
            result = asyncio.run(measure(options, about["url"], token, engine.pid, options.seconds))
            print(json.dumps({"run": name, "rate": rate, **result}))
            fleet.send_signal(signal.SIGTERM)
            fleet.wait()
            (folder / "join").unlink()
            engine.send_signal(signal.SIGTERM)
            engine.wait()
            shutil.rmtree(folder / "data")
            if name.startswith("ten"):
                break
            engine = start(f"{options.bin}/driftcast", "engine", "--data", folder / "data", "--port", 0, "--gate-port", 0,
                           "--local-join", folder / "join", "--local-join-uses", options.agents)
            while not (folder / "data/engine.json").exists():
                time.sleep(0.1)
            about = json.loads((folder / "data/engine.json").read_text())
            token = (folder / "data/token").read_text().strip()
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(folder)


main()
