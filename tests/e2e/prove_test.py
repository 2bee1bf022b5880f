"""confide prove and confide why: what they say from an unconfined shell, through confide shell and in a wrapped agent."""

import json
import os

import harness


class Prove(harness.Case):
    def setUp(self):
        super().setUp()
        self.home = self.folder("home")
        self.env = harness.environment(HOME=self.home, XDG_STATE_HOME=self.path("state"))
        self.shown = ["--read", harness.BIN]

    def prove(self, *words, code=0):
        ran = harness.confide("prove", "--json", *words, env=self.env)
        self.assert_code(ran, code)
        return json.loads(ran.text)

    def leaks(self, report):
        return {row["attempt"] for row in report["attempts"] if row["outcome"] == "leak" and row["stake"] == "value"}

    def test_an_unconfined_shell_is_level_0_and_everything_leaks(self):
        report = self.prove()
        self.assertEqual((report["level"], report["place"]), (0, "unconfined"))
        wanted = {"proc-environ", "proc-mem", "vm-readv", "pidfd-getfd", "ptrace-attach", "kill", "read", "unix-path",
                  "unix-abstract", "key-session", "posix-shm", "proc-maps"}
        self.assertEqual(wanted - self.leaks(report), set(), "an attempt that fails here proves nothing elsewhere")
        self.prove("--at-least", "1", code=1)

    def test_in_a_wrapped_agent_nothing_of_it_does(self):
        report = self.prove("--at-least", "2", "--", harness.CONFIDE, "agent", "--quiet", "--")
        self.assertEqual(report["place"], "a wrapped agent")
        self.assertEqual(report["level"], 3 if harness.AS_ROOT else 2)
        self.assertEqual(self.leaks(report), set())
        tried = {row["attempt"]: row for row in report["attempts"]}
        self.assertEqual(tried["proc-environ"]["answer"], "ENOENT")
        self.assertEqual(tried["tcp"]["outcome"], "leak", "the host's network is stated, and it is there")
        self.assertIn("masks (.env) and what is read-only in it (.git/hooks)", report["notes"][0])
        closed = self.prove("--", harness.CONFIDE, "agent", "--quiet", "--no-inner-sandbox", "--")
        self.assertEqual((closed["notes"], closed["leaks"]), ([], 0))
        for name in ("confide run --secret", "confide run --env-file", "confide run --write", "confide run --profile"):
            self.assertEqual(tried[name]["outcome"], "refused", tried[name])

    def test_in_a_confined_command_as_well(self):
        report = self.prove("--", harness.CONFIDE, "run", *self.shown, "--")
        self.assertEqual((report["level"], report["place"]), (1, "a confined command"))
        self.assertEqual(self.leaks(report), set())

    def test_a_place_that_leaks_is_level_0_and_a_failure(self):
        harness.need("unshare")
        report = self.prove("--", "unshare", "--user", "--map-root-user", "--", code=1)
        self.assertEqual((report["level"], report["place"]), (0, "another program's sandbox"))
        self.assertIn("read", self.leaks(report))

    def test_nothing_is_left(self):
        self.prove()
        self.assertEqual(os.listdir(self.home), [])
        self.assertEqual([name for name in os.listdir("/tmp") if name.startswith("confide-prove-") and
                          os.stat(f"/tmp/{name}").st_uid == os.geteuid()], [])

    def test_errors(self):
        self.assert_fails(harness.confide("prove", "--at-least", "4"), 2, "0 to 3")
        self.assert_fails(harness.confide("prove", "--", "true", env=self.env), 125, "did not run confide prove")


class Why(harness.Case):
    def setUp(self):
        super().setUp()
        self.env = harness.environment(XDG_STATE_HOME=self.path("state"), DB_PASSWORD="CANARY-why-of-no-interest")

    def test_a_run_that_failed_and_a_path_of_it(self):
        self.assert_fails(harness.confide("why", env=self.env), 123, "no run is recorded")
        self.assert_code(harness.run("true", env=self.env), 0)
        self.assertFalse(os.path.exists(self.path("state/confide/runs")), "a run that ends well leaves nothing")
        self.file("project/.env", "X=1\n")
        self.assert_code(harness.run("sh", "-c", "exit 3", env=self.env), 3)
        ran = harness.confide("why", env=self.env)
        self.assert_code(ran, 0)
        for word in ("exit status 3", "DB_PASSWORD", "environment.pass", "network = \"host\"", f"{self.project}/.env"):
            self.assertIn(word, ran.text)
        self.assertIn("mask.exceptions", harness.confide("why", "--path", ".env", env=self.env).text)
        self.assertIn("not there inside", harness.confide("why", "--path", "/srv/x", "last", env=self.env).text)
        record = harness.confide("why", "--json", env=self.env).text
        self.assertNotIn("CANARY", record)
        self.assertEqual(json.loads(record)["command"], "sh")

    def test_a_run_that_saw_the_whole_root(self):
        self.assert_code(harness.run("false", options=["--profile", "bench"], env=self.env), 1)
        said = harness.confide("why", env=self.env).text
        self.assertRegex(said, r"\nread-only         /(, /root)?\n")
        self.assertNotIn("every other path", said)
        self.assertIn(": read-only", harness.confide("why", "--path", "/usr/share", "last", env=self.env).text)

    def test_a_run_with_secrets_leaves_names_and_no_value(self):
        canary = f"CANARY-{harness.new_token()}"
        self.assert_code(harness.run("true", options=self.secret("API_KEY", canary), env=self.env), 0)
        self.assertFalse(os.path.exists(self.path("state/confide/runs")), "a run that ends well leaves nothing")
        self.assert_code(harness.run("sh", "-c", "echo $API_KEY; exit 4", options=self.secret("API_KEY", canary), env=self.env), 4)
        ran = harness.confide("why", env=self.env)
        self.assert_code(ran, 0)
        for word in ("exit status 4", "secrets           API_KEY", f"{self.project}", "DB_PASSWORD"):
            self.assertIn(word, ran.text)
        self.assert_code(harness.run("true", options=["--secret", "NONE=file:///none/at/all"], env=self.env), 123)
        refused = harness.confide("why", env=self.env).text
        self.assertIn("nothing was launched", refused)
        self.assertIn("/none/at/all", refused)
        for folder, _, names in os.walk(self.path("state")):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    self.assertNotIn(canary.encode(), file.read(), name)


if __name__ == "__main__":
    harness.main()
