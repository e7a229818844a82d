#!/usr/bin/env python3
"""A feed server for tests: what it does wrong is in the path. Prints its port, then serves."""
import hashlib
import http.server
import json
import time
import urllib.parse

KEV = json.dumps({
    "catalogVersion": "1", "dateReleased": "2026-01-02T00:00:00Z",
    "vulnerabilities": [{"cveID": "CVE-2025-1000", "dateAdded": "2026-01-01"}]}).encode()
asked = []


def stix(number, version=1):
    return {"type": "indicator", "id": f"indicator--{number}", "pattern_type": "stix",
            "modified": f"2026-01-0{version}T00:00:00Z", "name": f"thing {number}",
            "pattern": f"[ipv4-addr:value = '192.0.2.{number}']"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body=b"", status=200, headers=None, length=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        path = url.path
        asked.append(self.path)
        if path == "/asked":
            return self.answer(json.dumps(asked).encode())
        if path.startswith("http://feeds.example/") or path == "/kev":
            if self.headers.get("If-None-Match") == '"v1"':
                return self.answer(status=304)
            return self.answer(KEV, headers={"ETag": '"v1"', "Last-Modified": "Fri, 02 Jan 2026 00:00:00 GMT"})
        if path == "/modified":
            if self.headers.get("If-Modified-Since") == "Fri, 02 Jan 2026 00:00:00 GMT":
                return self.answer(status=304)
            return self.answer(KEV, headers={"Last-Modified": "Fri, 02 Jan 2026 00:00:00 GMT"})
        if path == "/moved":
            return self.answer(status=302, headers={"Location": "/kev"})
        if path == "/half":
            self.answer(KEV[: len(KEV) // 2], length=len(KEV))
            self.close_connection = True
            return None
        if path == "/half-told":  # the server itself has only half
            return self.answer(KEV[:-20])
        if path == "/stall":
            self.answer(KEV[:10], length=len(KEV))
            time.sleep(20)
            return None
        if path == "/busy":
            return self.answer(status=429, headers={"Retry-After": "120"})
        if path == "/broken":
            return self.answer(b"oops", status=500)
        if path == "/big":
            return self.answer(b" " * 3_000_000)
        if path == "/kev.sha256":
            return self.answer(f"{hashlib.sha256(KEV).hexdigest()}  kev\n".encode())
        if path == "/other.sha256":
            return self.answer(("0" * 64 + "  kev\n").encode())
        if path == "/private":
            wanted = self.headers.get("Authorization") in ("Bearer open sesame", "Basic YWRhOnB3")
            return self.answer(KEV) if wanted else self.answer(status=401)
        if path.startswith("/taxii/"):
            return self.taxii(path, dict(urllib.parse.parse_qsl(url.query)))
        return self.answer(status=404)

    def taxii(self, path, query):
        if self.headers.get("Accept") != "application/taxii+json;version=2.1":
            return self.answer(status=406)
        headers = {"Content-Type": "application/taxii+json;version=2.1"}
        after = query.get("added_after", "")
        page = int(query.get("next", "0"))
        if "broken" in path and page == 1:
            return self.answer(status=503)
        if "endless" in path:
            return self.answer(json.dumps({"more": True, "objects": [stix(1)]}).encode(), headers=headers)
        if after >= "2026-02-01":
            return self.answer(b"{}", headers=headers)
        if after:  # what came since
            headers["X-TAXII-Date-Added-Last"] = "2026-02-01T00:00:00Z"
            body = {"more": False, "objects": [stix(9), dict(stix(1, 2), revoked=True)]}
            return self.answer(json.dumps(body).encode(), headers=headers)
        headers["X-TAXII-Date-Added-Last"] = f"2026-01-0{page + 1}T00:00:00Z"
        body = {"more": page < 2, "objects": [stix(page + 1)]}
        if page < 2:
            body["next"] = str(page + 1)
        return self.answer(json.dumps(body).encode(), headers=headers)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
