#!/usr/bin/env python3
"""How long it takes from a person's decision until the change is made and verified.

  bench/remedy_delay.py [--reverts 120] [--build build/release]

The real engine, the real agent and driftcast-apply over a scratch folder. In one file after another a
key drifts; once its plans are there, "revert" is approved. The clock runs from just before the approval
is sent until a client of the live events has fetched the plan as succeeded (driftcast-apply has read the
file anew), and until the engine shows the resource in sync (the agent has read it, too). At the end
every file is compared with what it was.
"""
import argparse
import json
import os
import tempfile
import threading
import time
from urllib.parse import quote

from change_delay import Api, engine_and_agent, report, wait


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--reverts", type=int, default=120)
    parser.add_argument("--build", default="build/release")
    return parser.parse_args()


class Plans(threading.Thread):
    """When each plan was first fetched as succeeded; the state of the others."""

    def __init__(self, data):
        super().__init__(daemon=True)
        self.api, self.succeeded, self.state = Api(data), {}, {}

    def run(self):
        for event in self.api.events("plan"):
            plan = self.api.ask(f"/api/v1/plans/{quote(event['id'])}")
            self.state[plan["id"]] = plan["state"]
            if plan["state"] == "succeeded":
                self.succeeded.setdefault(plan["id"], time.monotonic())


def approve(api, plan):
    body = json.dumps({"verdict": "approve", "plan_hash": plan["hash"], "reason": "measured"})
    api.connection.request("POST", f"/api/v1/plans/{quote(plan['id'])}/decision", body,
                           {"Authorization": f"Bearer {api.token}",
                            "Content-Type": "application/json"})
    answer = api.connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        raise SystemExit(f"the approval was refused: {text}")


def revert_one(api, plans, root, name):
    """Seconds from the decision to succeeded, and to in sync."""
    with open(root + name, "w") as file:
        file.write("Port 22\nPermitRootLogin yes\n")
    resource = quote(f"bench/file/{name}")

    def proposed():
        rows = api.ask(f"/api/v1/plans?resource={resource}").get("rows", [])
        return next((p for p in rows if p["strategy"] == "revert" and p["state"] == "proposed"), None)

    wait(proposed, f"a plan for {name}")
    plan = proposed()
    begun = time.monotonic()
    approve(api, plan)
    while api.ask(f"/api/v1/resource?id={resource}")["status"] != "IN_SYNC":
        if plans.state.get(plan["id"]) in ("failed", "rolled_back", "unclear"):
            raise SystemExit(f"plan {plan['id']} {plans.state[plan['id']]}")
        time.sleep(0.002)
    in_sync = time.monotonic()
    wait(lambda: plan["id"] in plans.succeeded, f"the end of {plan['id']}")
    return plans.succeeded[plan["id"]] - begun, in_sync - begun


def measure(options, root, data):
    plans, api, load = Plans(data), Api(data), os.getloadavg()[0]
    plans.start()
    time.sleep(1)
    seconds = [revert_one(api, plans, root, f"/etc/app/{i}.conf") for i in range(options.reverts)]
    for i in range(options.reverts):
        with open(f"{root}/etc/app/{i}.conf") as file:
            assert file.read() == "Port 22\nPermitRootLogin no\n"
    print(f"{options.reverts} reverts, load average {load:.1f} before and "
          f"{os.getloadavg()[0]:.1f} after, on {os.cpu_count()} cores")
    report("decision -> succeeded (apply read it back)", [s for s, _ in seconds])
    report("decision -> in sync (the agent read it, too)", [s for _, s in seconds])


def main():
    options = arguments()
    with tempfile.NamedTemporaryFile("w", prefix="driftcast-allow-") as allow:
        allow.write("file /etc/app/**\n")
        allow.flush()
        with engine_and_agent(options.build, options.reverts, "Port 22\nPermitRootLogin no\n",
                              "--apply", f"{options.build}/bin/driftcast-apply",
                              "--allow-list", allow.name) as (root, data):
            measure(options, root, data)


if __name__ == "__main__":
    main()
