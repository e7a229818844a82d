#!/usr/bin/env python3
"""The Grafana dashboards: as their generator writes them, and only about metrics that exist.

  packaging/grafana_test.py   (no arguments; reads the sources)
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
source = here.parent / "src"
# The sources write names without the prefix: {"facts_applied_total", ...}.
known = set()
for path in source.rglob("*.cc"):
    for name in re.findall(r'"([a-z][a-z0-9_]+)"', path.read_text()):
        known.update({name, "driftcast_" + name})

faults = []
with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.executable, here / "grafana" / "make-dashboards.py", folder], check=True)
    for made in sorted(pathlib.Path(folder).glob("*.json")):
        kept = here / "grafana" / made.name
        if not kept.exists() or kept.read_text() != made.read_text():
            faults.append(f"{kept.name} is not what make-dashboards.py writes")
        board = json.loads(made.read_text())
        for panel in board["panels"]:
            if not panel["targets"]:
                faults.append(f"{made.name}: {panel['title']} asks for nothing")
            for target in panel["targets"]:
                for name in re.findall(r"\b((?:driftcast|process)_[a-z0-9_]+)", target["expr"]):
                    if name not in known:
                        faults.append(f"{made.name}: {panel['title']}: no metric {name}")
for fault in faults:
    print(fault, file=sys.stderr)
sys.exit(1 if faults else 0)
