#!/usr/bin/env python3
"""Writes driftcast_client.py from the engine's OpenAPI document.

  clients/python/make-client.py [OPENAPI.json [OUT.py]]
"""
import json
import keyword
import pathlib
import re
import sys
import textwrap

here = pathlib.Path(__file__).resolve().parent
KINDS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "array": "list", "object": "dict"}

HEAD = '''"""Client of the Driftcast API, with nothing but Python's own library.

Written by make-client.py from the OpenAPI document of version {version}; do not edit.

    from driftcast_client import Driftcast
    engine = Driftcast("http://127.0.0.1:7117", token=open("token").read().strip())
    for row in engine.list_drifts(stack="web-7")["rows"]:
        print(row["resource"]["id"], row["severity"])

A refusal raises DriftcastError, which holds the engine's problem document.
"""
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request


class DriftcastError(Exception):
    """The engine refused. `status`, and the `problem` (RFC 7807) that says why."""

    def __init__(self, status, problem):
        super().__init__(problem.get("detail") or problem.get("title") or f"status {{status}}")
        self.status = status
        self.problem = problem


class Driftcast:
    """One engine. Not shared between threads."""

    def __init__(self, url, token=None, ca_file=None, timeout=60):
        self._url = url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._tls = ssl.create_default_context(cafile=ca_file) if url.startswith("https:") else None

    def _call(self, method, path, query=None, body=None, open_=False):
        query = {{k: str(v).lower() if isinstance(v, bool) else v for k, v in (query or {{}}).items() if v is not None}}
        url = self._url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {{"Accept": "application/json"}}
        if self._token:
            headers["Authorization"] = "Bearer " + self._token
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps({{k: v for k, v in body.items() if v is not None}}).encode()
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            response = urllib.request.urlopen(request, timeout=self._timeout, context=self._tls)
        except urllib.error.HTTPError as error:
            text = error.read()
            try:
                problem = json.loads(text)
            except ValueError:
                problem = {{"detail": text.decode(errors="replace")}}
            raise DriftcastError(error.code, problem) from None
        if open_:
            return response
        with response:
            text = response.read()
            kind = response.headers.get_content_type()
        if not text:
            return None
        return json.loads(text) if kind.endswith("json") else text.decode()

    def events(self, stack=None, kinds=None, after=None):
        """Live events as (kind, data), until the engine ends the stream. See streamEvents."""
        response = self._call("GET", "/api/v1/events", {{"stack": stack, "kinds": kinds, "after": after}}, open_=True)
        kind = None
        with response:
            for line in response:
                line = line.decode().rstrip("\\n")
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: "):
                    yield kind, json.loads(line[6:])
'''


def snake(name):
    return re.sub(r"([A-Z])", lambda m: "_" + m.group(1).lower(), name)


def safe(name):
    return name + "_" if keyword.iskeyword(name) else name


class Writer:
    def __init__(self, document):
        self.document = document

    def resolve(self, node):
        while "$ref" in node:
            at = self.document
            for part in node["$ref"][2:].split("/"):
                at = at[part]
            node = at
        return node

    def kind(self, schema):
        kind = self.resolve(schema).get("type", "object")
        if isinstance(kind, list):
            kind = next(one for one in kind if one != "null")
        return KINDS.get(kind, "object")

    def method(self, verb, path, operation):
        required, optional, notes = [], [], []
        places, query = {}, []
        for raw in operation.get("parameters", []):
            parameter = self.resolve(raw)
            if parameter["in"] == "header":
                continue
            name = safe(parameter["name"])
            (required if parameter.get("required") else optional).append(name)
            notes.append((name, self.kind(parameter.get("schema", {})), parameter.get("description", "")))
            if parameter["in"] == "path":
                places[parameter["name"]] = name
            else:
                query.append((parameter["name"], name))
        body = self.resolve(operation.get("requestBody", {}))
        fields = []
        if body:
            schema = self.resolve(body["content"]["application/json"]["schema"])
            for field, about in schema.get("properties", {}).items():
                name = safe(field)
                (required if field in schema.get("required", []) else optional).append(name)
                notes.append((name, self.kind(about), self.resolve(about).get("description", about.get("description", ""))))
                fields.append((field, name))
        arguments = ["self", *required] + (["*"] if optional else []) + [f"{name}=None" for name in optional]
        template = re.sub(r"\{(\w+)\}", lambda m: "{urllib.parse.quote(str(" + places[m.group(1)] + "), safe='')}", path)
        call = [repr(verb.upper()), ("f" if "{" in path else "") + json.dumps(template)]
        if query:
            call.append("query={" + ", ".join(f'"{key}": {name}' for key, name in query) + "}")
        if body:
            call.append("body={" + ", ".join(f'"{key}": {name}' for key, name in fields) + "}")
        text = operation["summary"]
        lines = [f"    def {snake(operation['operationId'])}({', '.join(arguments)}):", f'        """{text}']
        if operation.get("description"):
            lines += [""] + textwrap.wrap(operation["description"], 96, initial_indent=" " * 8, subsequent_indent=" " * 8)
        if notes:
            lines.append("")
            for name, kind, about in notes:
                lines += textwrap.wrap(f"{name} ({kind})" + (f": {about}" if about else ""), 96,
                                       initial_indent=" " * 8, subsequent_indent=" " * 12)
        if len(lines) == 2:
            lines[1] += '"""'
        else:
            lines.append('        """')
        lines += [f"        return self._call({', '.join(call)})"]
        return "\n".join(lines) + "\n"

    def write(self):
        parts = [HEAD.format(version=self.document["info"]["version"])]
        for path, item in self.document["paths"].items():
            for verb, operation in item.items():
                if path != "/api/v1/events":
                    parts.append(self.method(verb, path, operation))
        return "\n".join(parts)


def main():
    source = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parents[1] / "src/web/openapi.json"
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else here / "driftcast_client.py"
    out.write_text(Writer(json.loads(source.read_text())).write())


main()
