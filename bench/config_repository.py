#!/usr/bin/env python3
"""Writes a git fast-import stream of a made configuration repository, for measuring the import.

    bench/config_repository.py COMMITS [SEED] | git -C REPO fast-import

The repository resembles a GitOps one: Helm releases with values, Kustomizations, ConfigMaps with
embedded files, Terraform and host variables; nine in ten commits touch one file by a few lines,
half of them by a program; now and then files move, vanish and a folder is reorganised.
"""
import random
import sys

COMMITS = int(sys.argv[1])
rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
out = sys.stdout.buffer
apps = {}   # name -> state
serial = 0


def new_app():
    global serial
    serial += 1
    name = f"app{serial}"
    apps[name] = {
        "dir": f"clusters/main/{rng.choice(['media', 'home', 'net', 'db'])}/{name}",
        "version": [rng.randint(0, 5), rng.randint(0, 20), rng.randint(0, 30)],
        "env": {f"VAR_{i}": f"value-{rng.randint(0, 99)}" for i in range(rng.randint(3, 12))},
        "hosts": [f"{name}-{i}.example.org" for i in range(rng.randint(1, 4))],
        "replicas": rng.randint(1, 4),
        "mem": rng.choice(["128Mi", "256Mi", "1Gi"]),
        "port": 8000 + serial % 1000,
    }
    return name


def release(name, a):
    env = "".join(f"          - {{name: {k}, value: \"{v}\"}}\n" for k, v in a["env"].items())
    hosts = "".join(f"        - host: {h}\n          paths: [{{path: /, pathType: Prefix}}]\n"
                    for h in a["hosts"])
    version = ".".join(map(str, a["version"]))
    return f"""---
# yaml-language-server: $schema=https://example.org/helmrelease.json
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: {name}
  namespace: apps
spec:
  interval: 30m
  chart:
    spec:
      chart: app-template
      version: 3.{a['version'][1]}.0
      sourceRef: {{kind: HelmRepository, name: charts, namespace: flux-system}}
  install:
    remediation: {{retries: 3}}
  upgrade:
    cleanupOnFail: true
  values:
    controllers:
      {name}:
        replicas: {a['replicas']}
        containers:
          app:
            image:
              repository: ghcr.io/example/{name}
              tag: {version}@sha256:{rng.getrandbits(256):064x}
            resources:
              requests: {{cpu: 10m, memory: {a['mem']}}}
              limits: {{memory: 2Gi}}
        env:
{env}    service:
      app:
        ports:
          http: {{port: {a['port']}}}
    ingress:
      main:
        className: internal
        hosts:
{hosts}    config.yaml: |
      server:
        listen: 0.0.0.0:{a['port']}
        workers: {a['replicas'] * 2}
      log: {{level: info}}
"""


def kustomization(name, a):
    return f"""---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: {name}, namespace: flux-system}}
spec:
  path: ./{a['dir']}
  prune: true
  dependsOn: [{{name: storage}}]
  postBuild: {{substitute: {{APP: {name}, CAPACITY: {a['mem']}}}}}
"""


def terraform(name, a):
    return f"""resource "cloudflare_record" "{name}" {{
  name    = "{name}"
  zone_id = data.cloudflare_zone.main.id
  value   = "10.0.{a['port'] % 256}.{a['replicas']}"
  ttl     = {a['version'][2] * 60}
  tags    = ["{name}", "managed"]
}}

module "{name}_db" {{
  source  = "github.com/example/terraform-db?ref=v{a['version'][0]}.{a['version'][1]}"
  size    = {a['replicas']}
  backup {{
    days = {a['version'][1]}
  }}
}}
"""


def files_of(name, a):
    yield f"{a['dir']}/helmrelease.yaml", release(name, a)
    yield f"{a['dir']}/ks.yaml", kustomization(name, a)
    yield f"terraform/{name}.tf", terraform(name, a)


def data(text):
    raw = text.encode()
    out.write(b"data %d\n%s\n" % (len(raw), raw))


def change(a):
    kind = rng.random()
    if kind < 0.5:
        a["version"][rng.choice([0, 1, 1, 2, 2, 2, 2])] += 1
    elif kind < 0.7:
        a["env"][f"VAR_{rng.randint(0, 14)}"] = f"value-{rng.randint(0, 99)}"
    elif kind < 0.8:
        a["hosts"].insert(0, f"h{rng.randint(0, 9)}.example.org")
        a["hosts"] = a["hosts"][:4]
    elif kind < 0.9:
        a["mem"] = rng.choice(["128Mi", "256Mi", "512Mi", "1Gi", "2Gi"])
    else:
        a["replicas"] = rng.randint(1, 5)


now = 1_500_000_000
for i in range(COMMITS):
    now += rng.randint(60, 12_000)
    bot = rng.random() < 0.5
    who = "renovate[bot] <bot@renovateapp.com>" if bot else f"P{i % 3} <p{i % 3}@example.org>"
    out.write(f"commit refs/heads/main\nauthor {who} {now} +0000\n"
              f"committer {who} {now} +0000\n".encode())
    data("change")
    if i == 0 or (len(apps) < 400 and rng.random() < 0.03) or rng.random() < 0.005:
        for _ in range(40 if i == 0 else 1):
            name = new_app()
            for path, text in files_of(name, apps[name]):
                out.write(f"M 100644 inline {path}\n".encode())
                data(text)
    elif rng.random() < 0.004:
        name = rng.choice(list(apps))
        for path, _ in files_of(name, apps[name]):
            out.write(f"D {path}\n".encode())
        del apps[name]
    elif rng.random() < 0.004:
        name = rng.choice(list(apps))
        a = apps[name]
        old = a["dir"]
        a["dir"] = f"clusters/main/{rng.choice(['media', 'home', 'net', 'db'])}/{name}"
        if old != a["dir"]:
            out.write(f"R {old} {a['dir']}\n".encode())
    else:
        for _ in range(1 if rng.random() < 0.9 else rng.randint(2, 12)):
            name = rng.choice(list(apps))
            change(apps[name])
            all_files = list(files_of(name, apps[name]))
            path, text = all_files[0 if rng.random() < 0.7 else rng.randint(1, 2)]
            out.write(f"M 100644 inline {path}\n".encode())
            data(text)
