"""Providers over HTTP: HashiCorp Vault / OpenBao and 1Password Connect, against servers of ours on the loopback, with TLS
by a CA of the test's own.
"""

import os
import signal
import tempfile
import time

import harness
import http_servers
from harness import Case, environment, need, run


class Http(Case):
    server_class = None

    @classmethod
    def setUpClass(cls):
        cls.certificates = cls.enterClassContext(tempfile.TemporaryDirectory(dir=os.getcwd()))
        os.chmod(cls.certificates, 0o755)
        cls.ca, cls.certificate, cls.key = http_servers.make_certificates(cls.certificates)

    def setUp(self):
        super().setUp()
        self.home = self.folder("home")
        self.canary = f"CANARY-{harness.new_token()}"
        self.server = self.serve()

    def serve(self, **more):
        server = self.server_class(self.certificate, self.key, canary=self.canary, **more)
        self.addCleanup(server.close)
        return server

    def get(self, *references, **env):
        options = ["--no-masking"]
        for i, reference in enumerate(references):
            options += ["--secret", f"V{i}={reference}"]
        show = "; ".join(f'printf %s "$V{i}"; printf "\\036"' for i in range(len(references)))
        return run("sh", "-c", show, options=options, env=environment(HOME=self.home, **{**self.usual(), **env}))

    def values(self, *references, **env):
        ran = self.get(*references, **env)
        self.assert_code(ran, 0)
        return ran.text.split("\x1e")[:-1]

    def refused(self, reference, *words, **env):
        ran = self.get(reference, **env)
        self.assert_fails(ran, 123, reference, *words)
        self.assertNotIn(self.canary, ran.errors[0])


@need("openssl")
class Vault(Http):
    server_class = http_servers.Vault

    def usual(self):
        return {"VAULT_ADDR": self.server.address, "VAULT_CACERT": self.ca, "VAULT_TOKEN": "root-token"}

    def test_versions_of_both_stores(self):
        self.server.kv2["app/db"].pop()
        self.assertEqual(self.values("vault://kv/app/db#password", "vault://kv/app/db#port", "vault://kv/app/db#odd key",
                                     "vault://kv/app/db#password?version=1", "vault://team/old/app#password"),
                         [self.canary, "5432", "x", "old", self.canary + "-1"])
        self.assertEqual(len(self.server.called("GET /v1/kv/data/")), 2, "one flight per path and version")
        self.assertEqual(self.server.revoked, [], "a token of the person's is not touched")

    def test_what_is_not_there(self):
        self.refused("vault://kv/app/db#password?version=3", "vault: no such item", "was deleted")
        self.refused("vault://kv/app/db#none?version=2", "no key none", "it has: odd key, password, port")
        self.refused("vault://kv/nothing#x", "vault: no such item", "nothing is stored at kv/nothing")
        self.refused("vault://team/old/app#password?version=2", "keeps no versions")
        self.refused("vault://forbidden/x#y", "vault: no permission", "policies")

    def test_every_failing_name(self):
        ran = self.get("vault://kv/a#x", "vault://kv/app/db#port?version=2", "vault://forbidden/x#y", "keyring://session/none")
        self.assert_fails(ran, 123, "3 secrets cannot be had", "V0 ", "V2 ", "V3 ")

    def test_sign_in(self):
        wanted = "vault://kv/app/db#port?version=2"
        self.refused(wanted, "vault: not signed in", "VAULT_TOKEN", VAULT_TOKEN=None)
        self.refused(wanted, "vault: not signed in", "not valid any more", VAULT_TOKEN="wrong")
        self.refused(wanted, "vault: not configured", "VAULT_ADDR", VAULT_ADDR=None)
        self.file("home/.vault-token", "root-token\n", 0o600)
        self.assertEqual(self.values(wanted, VAULT_TOKEN=None), ["5432"])
        self.assertEqual(self.values(wanted, VAULT_ADDR=None, VAULT_TOKEN=None, BAO_ADDR=self.server.address, BAO_TOKEN="root-token"), ["5432"])

    def test_logins_are_given_back(self):
        wanted = "vault://kv/app/db#port?version=2"
        jwt = self.file("jwt", "a.b.c\n", 0o600)
        for how in ({"VAULT_ROLE_ID": "r", "VAULT_SECRET_ID": "s"}, {"VAULT_ROLE": "ci", "VAULT_JWT": "a.b.c"},
                    {"VAULT_ROLE": "ci", "VAULT_JWT_FILE": jwt, "VAULT_AUTH_PATH": "kube/east"}, {"VAULT_WRAPPED_TOKEN": "wrapped-once"}):
            with self.subTest(how=how):
                self.assertEqual(self.values(wanted, VAULT_TOKEN=None, **how), ["5432"])
                self.assertEqual(len(self.server.revoked), 1, "the session's own token ends with it")
                self.server.revoked.clear()
        self.refused(wanted, "vault: not signed in", f"login at auth/approle was refused; {wanted} said “invalid role or secret ID”", VAULT_TOKEN=None,
                     VAULT_ROLE_ID="r", VAULT_SECRET_ID="no")
        self.refused(wanted, "vault: not signed in", "opens once", VAULT_TOKEN=None, VAULT_WRAPPED_TOKEN="wrapped-once")

    def test_namespaces(self):
        self.server.tokens["of-team"] = "team-a"
        wanted = "vault://kv/app/db#port?version=2"
        self.assertEqual(self.values(wanted, VAULT_TOKEN="of-team", VAULT_NAMESPACE="team-a"), ["5432"])
        self.refused(wanted, "vault: no", VAULT_TOKEN="of-team")

    def test_leases_live_with_the_run(self):
        options = ["--no-masking", "--secret", "U=vault://database/creds/app#username", "--secret", "P=vault://database/creds/app#password"]
        with harness.Background("run", *options, "--", "sh", "-c", 'echo "$U $P"; sleep 30', env=environment(HOME=self.home, **self.usual())) as running:
            self.assertEqual(running.line(), f"u1 {self.canary}-1", "name and password of one lease")
            self.assertTrue(harness.wait_for(lambda: len(self.server.renewed) >= 2), "renewed while it runs")
            self.assertEqual(self.server.revoked, [])
            running.signal(signal.SIGTERM)
            running.wait()
        self.assertEqual(self.server.revoked, self.server.renewed[:1])
        count = len(self.server.renewed)
        time.sleep(1.5)
        self.assertEqual(len(self.server.renewed), count, "nobody renews it any more")

    def test_a_lease_runs_from_when_it_was_lent(self):
        """Not from when the last value of the run was there: it would be over before it is renewed."""
        self.server.slow = 1.5
        options = ["--secret", "P=vault://database/creds/app#password", "--secret", "S=vault://kv/slow#password"]
        with harness.Background("run", *options, "--", "sh", "-c", 'echo up; sleep 30', env=environment(HOME=self.home, **self.usual())) as running:
            self.assertEqual(running.line(), "up")
            self.assertTrue(harness.wait_for(lambda: self.server.renewed, 5), "renewed while it could be")
            running.signal(signal.SIGTERM)
            running.wait()
        self.assertEqual(len(self.server.revoked), 1)

    def test_a_lease_without_a_run_is_given_back(self):
        ran = self.get("vault://database/creds/app#password", "file:///nothing/there")
        self.assert_fails(ran, 123, "file:///nothing/there")
        self.assertEqual(len(self.server.revoked), 1)

    def test_a_lease_of_an_interrupted_run_is_given_back(self):
        """While another provider does not answer: of a run, and of a verb of a person's."""
        self.folder("home/.config/confide/providers")
        self.file("home/.config/confide/providers/slow", "#!/bin/sh\nexec sleep 50\n", 0o755)
        self.file("project/two", "{{ vault://database/creds/app#password }} {{ exec:slow }}")
        for arguments in (("run", "--secret", "P=vault://database/creds/app#password", "--secret", "S=exec:slow", "--", "true"),
                          ("inject", "--in", self.path("project/two"))):
            with self.subTest(arguments[0]):
                self.server.leases.clear()
                self.server.revoked.clear()
                with harness.Background(*arguments, env=environment(HOME=self.home, **self.usual())) as running:
                    self.assertTrue(harness.wait_for(lambda: self.server.leases))
                    running.signal(signal.SIGINT)
                    self.assertNotEqual(running.wait(), 0)
                self.assertEqual(len(self.server.revoked), 1)

    def test_repeats_what_may_pass(self):
        self.server.failures = [(503, {}), (429, {"Retry-After": "1"}), (500, {})]
        started = time.monotonic()
        self.assertEqual(self.values("vault://kv/app/db#port?version=2"), ["5432"])
        self.assertGreater(time.monotonic() - started, 1.0)
        self.server.failures = [(429, {"Retry-After": "3600"})]
        self.refused("vault://kv/app/db#port?version=2", "vault: rate limited", "3600 s")

    def test_trusts_no_other_certificate(self):
        self.refused("vault://kv/app/db#port?version=2", "vault: cannot be reached", "certificate", VAULT_CACERT=None)
        self.assertEqual(self.server.calls, [], "nothing was sent")

    def test_no_token_over_plain_http(self):
        for host in ("vault.example", "127.0.0.1.nip.io", "127.1.example", "localhost.example"):
            self.refused("vault://kv/app/db#port?version=2", "vault: not configured", "https://", VAULT_ADDR=f"http://{host}:8200")
        plain = self.serve(tls=False)
        self.assertEqual(self.values("vault://kv/app/db#port?version=2", VAULT_ADDR=plain.address), ["5432"])

    def test_nobody_there(self):
        self.server.close()
        self.refused("vault://kv/app/db#x", "vault: cannot be reached")


@need("openssl")
class Connect(Http):
    server_class = http_servers.Connect

    def usual(self):
        return {"OP_CONNECT_HOST": self.server.address, "OP_CONNECT_TOKEN": "connect-token", "OP_CONNECT_CACERT": self.ca}

    def test_names_sections_and_files(self):
        ids = f"connect://{http_servers.Connect.VAULT}/{http_servers.Connect.ITEM}/password"
        self.assertEqual(self.values("connect://Engineering/db/PASSWORD", ids, "connect://Engineering/db/prod/host", "connect://Engineering/db/s2/host",
                                     "connect://Engineering/db/one-time?attribute=otp", "connect://Engineering/db/key.pem"),
                         [self.canary, self.canary, "prod.example", "test.example", "123456", f"-----BEGIN KEY-----\n{self.canary}\n"])
        self.assertEqual(len(self.server.called("GET /v1/vaults[?]")), 1, "a name is looked up once")
        self.assertEqual(len(self.server.called(r"GET /v1/vaults/a+/items/b+$")), 1)

    def test_failures(self):
        for reference, words in {
            "connect://None/db/f": ["connect: no such item", "no vault matched"],
            "connect://Twice/db/f": ["connect: more than one item fits", "more than one vault matched", "by its id"],
            "connect://Closed/db/f": ["connect: no permission"],
            "connect://Engineering/none/f": ["no item matched"],
            "connect://Engineering/twice/f": ["more than one item matched"],
            "connect://Engineering/old/password": ["item is not in an active state"],
            "connect://Engineering/db/none/host": ["no section matched"],
            "connect://Engineering/db/host": ["more than one field matched", "name its section"],
            "connect://Engineering/db/none": ["the specified field cannot be found"],
            "connect://Engineering/db/password?attribute=otp": ["TOTP attribute can only be applied to TOTP-type fields"],
            "connect://Engineering/db/empty": ["the field is empty"],
        }.items():
            with self.subTest(reference):
                self.refused(reference, *words)
        self.refused("connect://Engineering/db/password", "connect: not signed in", OP_CONNECT_TOKEN="wrong")
        self.refused("connect://Engineering/db/password", "connect: not signed in", OP_CONNECT_TOKEN=None)
        self.refused("connect://Engineering/db/password", "connect: not configured", OP_CONNECT_HOST=None)





if __name__ == "__main__":
    harness.main()
