#!/usr/bin/env python3
"""The API against its own OpenAPI document, with made-up input: a running engine is asked every
operation many times, with values that the document allows and with values that it forbids. Whatever
comes back must be documented: its status, its media type, its shape. Forbidden input must be refused
with a problem document that says where and what. Also: the Python client is as its generator writes
it, and works.

  tests/e2e/conformance.py DRIFTCAST [--seed N] [--rounds N]

Where the package schemathesis is installed (pip install schemathesis) and --schemathesis is given,
that is run as well.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import random
import shutil
import signal
import string
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

root = pathlib.Path(__file__).resolve().parents[2]
document = json.loads((root / "src/web/openapi.json").read_text())
faults = []


def resolve(node):
    while "$ref" in node:
        at = document
        for part in node["$ref"][2:].split("/"):
            at = at[part.replace("~1", "/")]
        node = at
    return node


def types_of(schema):
    kind = schema.get("type")
    return kind if isinstance(kind, list) else [kind] if kind else []


def is_of(value, kind):
    return {
        "null": value is None,
        "boolean": isinstance(value, bool),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        "string": isinstance(value, str),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
    }[kind]


def check(value, schema, where, found):
    """Appends what is wrong with a value."""
    schema = resolve(schema)
    if "oneOf" in schema:
        tries = []
        for one in schema["oneOf"]:
            wrong = []
            check(value, one, where, wrong)
            tries.append(wrong)
        if all(tries):
            found.extend(tries[0])
        return
    for one in schema.get("allOf", []):
        check(value, one, where, found)
    kinds = types_of(schema)
    if kinds and not any(is_of(value, kind) for kind in kinds):
        found.append(f"{where}: {value!r} is no {' or '.join(kinds)}")
        return
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is not among {schema['enum']}")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            found.append(f"{where}: {value} is out of bounds")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 1 << 60):
            found.append(f"{where}: {len(value)} items")
        for i, item in enumerate(value):
            check(item, schema.get("items", {}), f"{where}/{i}", found)
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                found.append(f"{where}: {name} is missing")
        extra = schema.get("additionalProperties", {})
        for name, item in value.items():
            if name in schema.get("properties", {}):
                check(item, schema["properties"][name], f"{where}/{name}", found)
            elif isinstance(extra, dict):
                check(item, extra, f"{where}/{name}", found)


WORDS = ["web-7", "nothing", "*", "é", "a/b/c", "web-7/package/openssl", "x" * 40, "%00", "0", "-1", " "]


def allowed(schema, rng, depth=0):
    """A value that the schema allows."""
    schema = resolve(schema)
    if "oneOf" in schema:
        return allowed(rng.choice(schema["oneOf"]), rng, depth)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = rng.choice(types_of(schema) or ["string"])
    if kind == "null":
        return None
    if kind == "boolean":
        return rng.random() < 0.5
    if kind in ("integer", "number"):
        low, high = schema.get("minimum", 0), min(schema.get("maximum", 1000), 10_000)
        return rng.randint(int(low), int(max(low, high)))
    if kind == "array":
        count = rng.randint(schema.get("minItems", 0), min(3, schema.get("maxItems", 3)))
        return [allowed(schema.get("items", {}), rng, depth + 1) for _ in range(count)]
    if kind == "object":
        names = [name for name in schema.get("properties", {})
                 if name in schema.get("required", []) or rng.random() < 0.5]
        return {name: allowed(schema["properties"][name], rng, depth + 1) for name in names}
    if schema.get("format") == "date-time":
        return f"20{rng.randint(20, 39)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}T0{rng.randint(0, 9)}:00:00Z"
    text = rng.choice(WORDS) if rng.random() < 0.7 else "".join(rng.choices(string.printable[:95], k=rng.randint(1, 30)))
    text = text.ljust(schema.get("minLength", 0), "y")[: schema.get("maxLength", 1000)]
    return text


def forbidden(schema, rng):
    """A value that it does not allow; None when there is none that is easily told."""
    schema = resolve(schema)
    if "oneOf" in schema:
        return None
    kinds = types_of(schema)
    if "enum" in schema:
        return "no such word"
    if "integer" in kinds or "number" in kinds:
        return rng.choice(["text", {}, []] + ([schema["maximum"] + 1] if "maximum" in schema and schema["maximum"] < 1 << 50 else []))
    if "boolean" in kinds:
        return "perhaps"
    if "array" in kinds:
        return {"not": "a list"}
    if "object" in kinds:
        return "text"
    if schema.get("format") == "date-time":
        return "yesterday"
    if "string" in kinds:
        return {"not": "a text"}
    return None


class Api:
    def __init__(self, url, token):
        self.url, self.token = url, token

    def send(self, method, path, query=(), body=None):
        url = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {"Authorization": "Bearer " + self.token}
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, reply.headers.get_content_type(), reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get_content_type(), error.read()


def check_reply(operation, name, reply):
    status, media, text = reply
    described = operation["responses"].get(str(status))
    if described is None:
        faults.append(f"{name}: status {status} is not documented: {text[:200]!r}")
        return
    content = resolve(described).get("content")
    if not content:
        if text:
            faults.append(f"{name}: {status} should have no body")
        return
    if media not in content:
        faults.append(f"{name}: {status} comes as {media}")
        return
    if media.endswith("json"):
        found = []
        check(json.loads(text), content[media]["schema"], "", found)
        faults.extend(f"{name}: {status}: {one}" for one in found[:3])


def make_request(path, operation, rng, spoil):
    """Path, query and body; `spoil` makes one thing of it wrong. None when nothing can be spoilt."""
    parts, query, spoilt = path, {}, False
    parameters = [resolve(raw) for raw in operation.get("parameters", [])]
    asked = [one for one in parameters if one["in"] == "query"]
    for parameter in parameters:
        if parameter["in"] == "path":
            value = urllib.parse.quote(str(allowed(parameter["schema"], rng)) or "x", safe="")
            parts = parts.replace("{" + parameter["name"] + "}", value)
    for parameter in asked:
        if parameter.get("required") or rng.random() < 0.5:
            value = allowed(parameter["schema"], rng)
            query[parameter["name"]] = str(value).lower() if isinstance(value, bool) else value
    body = None
    schema = resolve(operation.get("requestBody", {})).get("content", {}).get("application/json", {}).get("schema")
    if schema is not None:
        body = allowed(schema, rng)
    if spoil:
        # Where a schema says that it takes more than it names, nothing unknown is forbidden.
        takes_more = schema is not None and resolve(schema).get("additionalProperties") is True
        choices = [] if takes_more else ["unknown"]
        choices += [p for p in asked if forbidden(p["schema"], rng) is not None and "string" not in types_of(resolve(p["schema"]))]
        if schema is not None:
            fields = resolve(schema).get("properties", {})
            choices += [(name, one) for name, one in fields.items() if forbidden(one, rng) is not None]
        choice = rng.choice(choices)
        if choice == "unknown":
            (query if schema is None else body)["no_such_thing"] = "x"
        elif isinstance(choice, tuple):
            body[choice[0]] = forbidden(choice[1], rng)
        else:
            query[choice["name"]] = forbidden(choice["schema"], rng)
        spoilt = True
    return parts, list(query.items()), body, spoilt


def ask_everything(api, seed, rounds):
    asked = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            # What ends this very test's access, or never ends, has tests of its own.
            if path in ("/api/v1/events", "/api/v1/session", "/api/v1/session/password") and (method != "get" or "events" in path):
                continue
            rng = random.Random(f"{seed} {method} {path}")
            open_ = operation.get("security") == [] and not path.startswith("/api/")
            for turn in range(rounds):
                # A reading request that is not of the API takes whatever comes.
                spoil = turn % 2 == 1 and not open_ and (method == "get" or "requestBody" in operation)
                url, query, body, spoilt = make_request(path, operation, rng, spoil)
                name = f"{method.upper()} {url} {query} {json.dumps(body)[:200]}"
                reply = api.send(method.upper(), url, query, body)
                asked += 1
                check_reply(operation, name, reply)
                if reply[0] >= 500 and reply[0] != 503:
                    faults.append(f"{name}: {reply[0]} {reply[2][:200]!r}")
                if spoilt:
                    problem = json.loads(reply[2]) if reply[1].endswith("json") else {}
                    if reply[0] not in (400, 404, 409, 422, 429) or not problem.get("detail"):
                        faults.append(f"{name}: forbidden input is answered with {reply[0]} {reply[2][:200]!r}")
    return asked


def check_client(url, token):
    folder = root / "clients/python"
    with tempfile.TemporaryDirectory() as scratch:
        made = pathlib.Path(scratch) / "client.py"
        subprocess.run([sys.executable, folder / "make-client.py", root / "src/web/openapi.json", made], check=True)
        if made.read_text() != (folder / "driftcast_client.py").read_text():
            faults.append("clients/python/driftcast_client.py is old: run clients/python/make-client.py")
        spec = importlib.util.spec_from_file_location("driftcast_client", made)
        client = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(client)
    engine = client.Driftcast(url, token=token)
    if engine.get_session()["principal"] != "local":
        faults.append("the client is not who it should be")
    rule = engine.set_rule("*/file//etc/motd", "*", "tested")
    if rule not in engine.list_rules()["rows"]:
        faults.append("the client's rule is not there")
    try:
        engine.get_resource("web-0/file//none")
        faults.append("the client finds what is not there")
    except client.DriftcastError as error:
        if error.status != 404 or "web-0" not in str(error):
            faults.append(f"the client's error says {error}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driftcast")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--schemathesis", action="store_true")
    options = parser.parse_args()
    data = pathlib.Path(tempfile.mkdtemp(prefix="driftcast-conformance-"))
    log = open(data / "log", "w")
    engine = subprocess.Popen([options.driftcast, "engine", "--data", data, "--port", "0", "--gate-port", "0"],
                              stdout=log, stderr=log, env={**os.environ, "HOME": str(data)})
    try:
        for _ in range(600):
            if (data / "engine.json").exists():
                break
            if engine.poll() is not None:
                sys.exit("the engine ended: " + (data / "log").read_text()[-500:])
            time.sleep(0.05)
        url = json.loads((data / "engine.json").read_text())["url"]
        token = (data / "token").read_text().strip()
        check_client(url, token)
        asked = ask_everything(Api(url, token), options.seed, options.rounds)
        if options.schemathesis:
            subprocess.run(["schemathesis", "run", url + "/openapi.json", "--url", url,
                            "-H", "Authorization: Bearer " + token, "--exclude-path-regex", "events|session",
                            "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"],
                           check=True)
        if engine.poll() is not None:
            faults.append("the engine has ended")
    finally:
        if engine.poll() is None:
            engine.send_signal(signal.SIGTERM)
            engine.wait(30)
        log.close()
        shutil.rmtree(data)
    for fault in faults[:40]:
        print(fault, file=sys.stderr)
    if faults:
        sys.exit(f"{len(faults)} faults")
    print(f"{asked} requests, each answered as documented (seed {options.seed})")


main()
