"""Loopback servers over TLS that follow the published APIs of HashiCorp Vault / OpenBao and of 1Password Connect, as far as
confide uses them. They record what they were asked, and can be told to fail.
"""

import contextlib
import http.server
import json
import os
import re
import ssl
import subprocess
import threading
import time
import urllib.parse


def make_certificates(folder):
    """A CA of the test's own and a certificate for 127.0.0.1 and localhost; the paths of ca, certificate, key."""
    ca, key, certificate = (os.path.join(folder, name) for name in ("ca.pem", "server.key", "server.pem"))
    ca_key, request, extra = (os.path.join(folder, name) for name in ("ca.key", "server.csr", "server.ext"))

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=test CA", "-keyout", ca_key, "-out", ca)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", request)
    with open(extra, "w", encoding="utf-8") as file:
        file.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2", "-extfile", extra, "-out", certificate)
    os.chmod(ca, 0o644)
    return ca, certificate, key


class Server:
    """`answer(method, path, query, headers, body)` gives (status, object or bytes[, headers])."""

    def __init__(self, certificate, key, tls=True):
        self.calls = []  # (method, path)
        self.failures = []  # (status, headers) to answer with first
        self.lock = threading.Lock()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                size = int(self.headers.get("Content-Length") or 0)
                text = self.rfile.read(size)
                url = urllib.parse.urlsplit(self.path)
                path = urllib.parse.unquote(url.path)
                with server.lock:
                    server.calls.append((self.command, path + ("?" + urllib.parse.unquote(url.query) if url.query else "")))
                    failing = server.failures.pop(0) if server.failures else None
                if failing:
                    status, body, headers = failing[0], {}, failing[1]
                else:
                    with server.lock:
                        status, body, *more = server.answer(self.command, path, dict(urllib.parse.parse_qsl(url.query)), self.headers, json.loads(text) if text else {})
                    headers = more[0] if more else {}
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = serve

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that does not trust the certificate

        self.server = Quiet(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.address = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def called(self, pattern):
        with self.lock:
            return [f"{method} {path}" for method, path in self.calls if re.search(pattern, f"{method} {path}")]


class Vault(Server):
    """Mounts: `kv` (version 2), `team/old` (version 1), `database` (dynamic secrets with leases of 2 s)."""

    LEASE = 2

    def __init__(self, *arguments, canary="value", **more):
        self.canary = canary
        self.slow = 0
        self.tokens = {"root-token": ""}
        self.wrapped = {"wrapped-once"}
        self.leases = {}
        self.renewed = []
        self.revoked = []
        self.kv2 = {"app/db": [{"password": "old"}, {"password": canary, "port": 5432, "odd key": "x"}, None]}
        self.kv1 = {"app": {"password": canary + "-1"}}
        super().__init__(*arguments, **more)

    def answer(self, method, path, query, headers, body):
        if headers.get("X-Vault-Request") != "true":
            return 400, {"errors": ["no X-Vault-Request"]}
        token, space = headers.get("X-Vault-Token"), headers.get("X-Vault-Namespace") or ""
        login = re.fullmatch(r"/v1/auth/(.+)/login", path)
        if method == "POST" and login:
            good = {"approle": {"role_id": "r", "secret_id": "s"}, "jwt": {"role": "ci", "jwt": "a.b.c"}, "kube/east": {"role": "ci", "jwt": "a.b.c"}}
            if body != good.get(login[1]):
                return 400, {"errors": ["invalid role or secret ID"]}
            return 200, {"auth": {"client_token": self.new_token(space), "lease_duration": 3600, "renewable": True}}
        if path == "/v1/sys/wrapping/unwrap":
            if token not in self.wrapped:
                return 400, {"errors": ["wrapping token is not valid or does not exist"]}
            self.wrapped.remove(token)
            return 200, {"auth": {"client_token": self.new_token(space), "lease_duration": 60}}
        if token not in self.tokens or self.tokens[token] != space:
            return 403, {"errors": ["permission denied", "invalid token"] if token in self.tokens else ["2 errors occurred: permission denied, invalid token"]}
        if path == "/v1/auth/token/revoke-self":
            self.revoked.append(token)
            del self.tokens[token]
            return 204, b""
        if path == "/v1/auth/token/renew-self":
            return 200, {"auth": {"lease_duration": 3600}}
        if path in ("/v1/sys/leases/renew", "/v1/sys/leases/revoke"):
            if self.leases.get(body["lease_id"], 0) < time.monotonic():  # never lent, or over
                return 400, {"errors": ["lease not found"]}
            (self.renewed if path.endswith("renew") else self.revoked).append(body["lease_id"])
            if path.endswith("revoke"):
                del self.leases[body["lease_id"]]
                return 204, b""
            self.leases[body["lease_id"]] = time.monotonic() + self.LEASE
            return 200, {"lease_id": body["lease_id"], "lease_duration": self.LEASE, "renewable": True}
        return self.read(path, query)

    def new_token(self, space):
        token = f"made-{len(self.tokens)}"
        self.tokens[token] = space
        return token

    def read(self, path, query):
        mounts = {"kv/": ("kv", {"version": "2"}), "team/old/": ("kv", {"version": "1"}), "database/": ("database", None)}
        asked = path.removeprefix("/v1/sys/internal/ui/mounts/")
        if asked != path:
            if asked.startswith("forbidden/"):
                return 403, {"errors": ["preflight capability check returned 403, please ensure client's policies grant access to path"]}
            for mount, (kind, options) in mounts.items():
                if asked.startswith(mount):
                    return 200, {"data": {"path": mount, "type": kind, "options": options}}
            return 404, {"errors": []}
        if path == "/v1/kv/data/slow":
            time.sleep(self.slow)
            return 200, {"data": {"data": {"password": "late"}, "metadata": {"version": 1}}}
        if path.startswith("/v1/kv/data/"):
            versions = self.kv2.get(path.removeprefix("/v1/kv/data/"))
            if versions is None:
                return 404, {"errors": []}
            number = int(query.get("version", len(versions)))
            if number > len(versions):
                return 404, {"errors": []}
            if versions[number - 1] is None:
                return 404, {"data": {"data": None, "metadata": {"deletion_time": "2026-01-01T00:00:00Z", "destroyed": False, "version": number}}}
            return 200, {"data": {"data": versions[number - 1], "metadata": {"version": number}}, "lease_id": "", "lease_duration": 0}
        if path.startswith("/v1/team/old/"):
            data = self.kv1.get(path.removeprefix("/v1/team/old/"))
            return (200, {"data": data, "lease_id": "", "lease_duration": 2764800}) if data else (404, {"errors": []})
        if path == "/v1/database/creds/app":
            lease = f"database/creds/app/{len(self.leases) + len(self.revoked)}"
            self.leases[lease] = time.monotonic() + self.LEASE
            return 200, {"lease_id": lease, "lease_duration": self.LEASE, "renewable": True,
                         "data": {"username": f"u{len(self.leases)}", "password": f"{self.canary}-{len(self.leases)}"}}
        return 404, {"errors": ["no handler for route"]}


class Connect(Server):
    VAULT = "a" * 26
    ITEM = "b" * 26

    def __init__(self, *arguments, canary="value", **more):
        item = {"id": self.ITEM, "title": "db", "state": "ACTIVE",
                "sections": [{"id": "s1", "label": "Prod"}, {"id": "s2", "label": "Test"}],
                "fields": [{"id": "password", "label": "password", "type": "CONCEALED", "value": canary},
                           {"id": "f1", "label": "host", "section": {"id": "s1"}, "value": "prod.example"},
                           {"id": "f2", "label": "host", "section": {"id": "s2"}, "value": "test.example"},
                           {"id": "f3", "label": "one-time", "type": "OTP", "value": "otpauth://x", "totp": "123456"},
                           {"id": "f4", "label": "empty"}],
                "files": [{"id": "file1", "name": "key.pem", "content_path": f"/v1/vaults/{self.VAULT}/items/{self.ITEM}/files/file1/content"}]}
        self.items = {"db": [item], "twice": [{"id": "c" * 26}, {"id": "d" * 26}], "old": [{**item, "id": "e" * 26, "state": "ARCHIVED"}]}
        self.canary = canary
        super().__init__(*arguments, **more)

    def answer(self, method, path, query, headers, body):
        if headers.get("Authorization") != "Bearer connect-token":
            return 401, {"status": 401, "message": "Invalid token signature"}
        wanted = re.fullmatch(r'(name|title) eq "(.*)"', query.get("filter", ""))
        if path == "/v1/vaults":
            names = {"Engineering": [{"id": self.VAULT}], "Twice": [{"id": "x" * 26}, {"id": "y" * 26}], "Closed": [{"id": "z" * 26}]}
            return 200, names.get(wanted[2], [])
        if path.startswith("/v1/vaults/" + "z" * 26):
            return 403, {"status": 403, "message": "vault is not in scope"}
        items = f"/v1/vaults/{self.VAULT}/items"
        if path == items:
            return 200, [{"id": one["id"], "title": wanted[2]} for one in self.items.get(wanted[2], [])]
        for one in (item for group in self.items.values() for item in group):
            if path == f"{items}/{one['id']}":
                return 200, one
            if path == f"{items}/{one['id']}/files/file1/content":
                return 200, b"-----BEGIN KEY-----\n" + self.canary.encode() + b"\n"
        return 404, {"status": 404, "message": "not found"}


@contextlib.contextmanager
def serving(server):
    try:
        yield server
    finally:
        server.close()
