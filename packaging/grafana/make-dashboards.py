#!/usr/bin/env python3
"""Writes the Grafana dashboards in this folder. Run it after changing it; a test compares.

Every panel asks for a metric that /metrics exposes; the test checks that too.
"""
import json
import pathlib
import sys

SOURCE = {"type": "prometheus", "uid": "${source}"}


def panel(kind, title, queries, x, y, w, h, unit="short", description="", options=None, steps=None):
    targets = [
        {"datasource": SOURCE, "expr": expr, "legendFormat": legend, "refId": chr(65 + i)}
        for i, (expr, legend) in enumerate(queries)
    ]
    defaults = {"unit": unit}
    if kind == "timeseries":
        defaults["custom"] = {"lineWidth": 2, "fillOpacity": 8, "showPoints": "never"}
    if steps:
        defaults["thresholds"] = {
            "mode": "absolute",
            "steps": [{"color": color, "value": value} for color, value in steps],
        }
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": w, "h": h},
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options or {},
    }


def dashboard(uid, title, description, panels):
    for number, one in enumerate(panels, 1):
        one["id"] = number
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["driftcast"],
        "schemaVersion": 36,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {
            "list": [
                {"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus"},
                {
                    "name": "stack",
                    "label": "Stack",
                    "type": "query",
                    "datasource": SOURCE,
                    "query": {"query": "label_values(driftcast_stack_drifts_open, stack)", "refId": "stack"},
                    "includeAll": True,
                    "multi": True,
                    "allValue": ".*",
                    "current": {"text": "All", "value": "$__all"},
                    "refresh": 2,
                },
            ]
        },
        "panels": panels,
    }


CALM = [("green", None), ("orange", 1)]

FLEET = dashboard(
    "driftcast-fleet",
    "Driftcast: fleet",
    "What has drifted and what will probably change.",
    [
        panel("stat", "Drifts open", [("driftcast_drifts_open", "")], 0, 0, 6, 4, steps=CALM),
        panel("stat", "Not compared", [('sum(driftcast_stack_resources{stack=~"$stack",status="NOT_COMPARED"})', "")],
              6, 0, 6, 4, steps=CALM, description="Nothing can be said about these."),
        panel("stat", "Stacks", [("driftcast_stacks", "")], 12, 0, 6, 4),
        panel("stat", "Silent longest", [('max(driftcast_stack_last_fact_age_seconds{stack=~"$stack"})', "")],
              18, 0, 6, 4, unit="s", steps=[("green", None), ("orange", 120), ("red", 600)]),
        panel("timeseries", "Drifts open", [('driftcast_stack_drifts_open{stack=~"$stack"} > 0', "{{stack}}")], 0, 4, 12, 8),
        panel("timeseries", "Expected number of changes", [
            ('sum by (horizon) (driftcast_stack_expected_changes{stack=~"$stack"})', "within {{horizon}}")],
            12, 4, 12, 8, description="The sum of the chances of change of all resources."),
        panel("timeseries", "Resources by status", [
            ('sum by (status) (driftcast_stack_resources{stack=~"$stack"})', "{{status}}")], 0, 12, 12, 8),
        panel("bargauge", "Most severe", [('topk(10, driftcast_stack_severity_max{stack=~"$stack"})', "{{stack}}")],
              12, 12, 12, 8, options={"orientation": "horizontal", "displayMode": "basic"},
              steps=[("green", None), ("orange", 4), ("red", 7)]),
    ],
)

ENGINE = dashboard(
    "driftcast-engine",
    "Driftcast: engine and agents",
    "What watching costs, and whether the engine keeps up.",
    [
        panel("timeseries", "Facts applied", [("rate(driftcast_facts_applied_total[5m])", "applied"),
                                                ("rate(driftcast_facts_refused_total[5m])", "refused")], 0, 0, 12, 8, unit="ops"),
        panel("timeseries", "Queue", [("driftcast_queue_facts", "facts that wait"),
                                      ("rate(driftcast_queue_full_total[5m])", "times full, a second")], 12, 0, 12, 8),
        panel("timeseries", "Time of a durable commit", [
            ("rate(driftcast_commit_seconds_total[5m]) / rate(driftcast_commits_total[5m])", "mean")], 0, 8, 8, 7, unit="s"),
        panel("timeseries", "Engine: CPU", [("rate(process_cpu_seconds_total[5m])", "cores")], 8, 8, 8, 7),
        panel("timeseries", "Engine: memory", [("process_resident_memory_bytes", "resident")], 16, 8, 8, 7, unit="bytes"),
        panel("timeseries", "Store", [("driftcast_store_disk_bytes", "on disk"),
                                      ("driftcast_store_memtable_bytes", "in memory")], 0, 15, 8, 7, unit="bytes"),
        panel("timeseries", "Page and API", [("rate(driftcast_http_requests_total[5m])", "requests"),
                                             ("driftcast_http_streams", "live pages")], 8, 15, 8, 7),
        panel("timeseries", "Undelivered alerts and orders", [("driftcast_outbox_effects", "in the outbox")], 16, 15, 8, 7),
        panel("timeseries", "Agents: CPU", [('driftcast_agent_cpu_percent{stack=~"$stack"}', "{{stack}}")], 0, 22, 8, 8, unit="percent"),
        panel("timeseries", "Agents: memory", [('driftcast_agent_memory_bytes{stack=~"$stack"}', "{{stack}}")], 8, 22, 8, 8, unit="bytes"),
        panel("timeseries", "Agents: waiting and dropped", [
            ('driftcast_agent_spool_bytes{stack=~"$stack"} > 0', "{{stack}}: bytes that wait"),
            ('rate(driftcast_agent_metrics_shed_total{stack=~"$stack"}[5m]) > 0', "{{stack}}: metrics dropped")], 16, 22, 8, 8),
    ],
)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    for name, board in (("fleet", FLEET), ("engine", ENGINE)):
        (folder / f"{name}.json").write_text(json.dumps(board, indent=1) + "\n")


main()
