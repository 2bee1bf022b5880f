"""Codex, by hook (`confide setup codex`) and boxed (`--boxed`). What leaks without does not leak with confide; what remains
by Codex's own nature is stated in docs/codex.md, and shown here under that name."""

import json
import os
import shutil
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from attempts import PROJECT, reading, survivors, work  # noqa: E402
from model import Call, shell  # noqa: E402
from session import harness  # noqa: E402

CODE_MODE = "gpt-6.1-sol"  # commands are nested in JavaScript
PATCHES = "gpt-5.5"        # has apply_patch as a tool
OPEN = "--dangerously-bypass-approvals-and-sandbox"


def patch(path, text="x"):
    return Call("apply_patch", f"*** Begin Patch\n*** Add File: {path}\n+{text}\n*** End Patch\n")


@unittest.skipIf(session.WHY_NOT, session.WHY_NOT)
class Codex(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.codex = session.Codex()
        self.addCleanup(self.codex.close)
        os.makedirs(self.codex.path("home/.codex"))

    def play(self, script, *arguments, **more):
        outcome = self.codex.run(script, *arguments, **more)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertEqual(len(outcome.results), len(script), outcome)
        return outcome

    def attempts(self):
        home = self.codex.home
        return [*reading(home), ("ssh", shell("cat .ssh/id_canary", workdir=home)), ("ssh", shell(f"cat {home[1:]}/.ssh/id_canary", workdir="/"))]

    def test_reading_leaks_without_confide(self):
        attempts = self.attempts()
        plain = self.play([call for _, call in attempts], OPEN)
        for (name, call), result in zip(attempts, plain.results):
            self.assertIn(name, self.codex.judge.in_bytes(result.encode()), f"{call} leaks nothing without confide: {result}")
        self.assertEqual(plain.places["requests"], {"env", "dotenv", "ssh"})
        self.assertTrue(any(place.endswith(".sqlite") for place in plain.places), plain.places)
        self.assertTrue(any("rollout" in place for place in plain.places), plain.places)

    def reading_by_hook(self, model):
        self.codex.setup()
        script = [call for _, call in self.attempts()]
        kept = self.play(script, "-s", "workspace-write", model=model)
        self.assertEqual(kept.places, {}, kept)
        for result in kept.results[-2:]:
            self.assertIn("outside", result)

    def test_reading_by_hook(self):
        self.reading_by_hook("mock-model")

    def test_reading_by_hook_in_code_mode(self):
        self.reading_by_hook(CODE_MODE)

    def test_without_trust_the_hook_would_not_be_asked(self):
        self.codex.setup()
        config = self.codex.read("home/.codex/config.toml")
        self.codex.write("home/.codex/config.toml", config.replace("sha256:", "sha256:0"))
        self.assertIn("env", self.play([shell("printenv DB_PASSWORD")], OPEN).places["requests"])
        self.codex.write("home/.codex/config.toml", config)
        self.assertNotIn("requests", self.play([shell("printenv DB_PASSWORD")], OPEN).places)

    def test_a_hook_beside_a_persons_own(self):
        own = {"hooks": {"PreToolUse": [{"matcher": "X", "hooks": [{"type": "command", "command": "true"}]}]}}
        before = self.codex.write("home/.codex/hooks.json", json.dumps(own))
        self.codex.setup()
        self.assertEqual(self.play([shell("printenv DB_PASSWORD")], OPEN).places, {})
        self.codex.setup("--remove")
        with open(before, encoding="utf-8") as file:
            self.assertEqual(json.load(file), own)
        self.assertIn("env", self.play([shell("printenv DB_PASSWORD")], OPEN).places["requests"])

    def test_the_rule_lets_commands_out_of_codexs_own_sandbox_only_into_ours(self):
        self.codex.setup()
        kept = self.play([shell("grep Seccomp_filters /proc/self/status; cat /proc/self/uid_map"),
                          shell("echo 'it'\"'\"'s'; cat <<'E'\na $(b) `c`\nE\ntouch made")], "-s", "read-only")
        self.assertIn("Seccomp_filters:\t1", kept.results[0])
        self.assertIn("it's\na $(b) `c`", kept.results[1])

    def test_files_by_tool(self):
        script = [patch("new.txt"), patch(".git/hooks/pre-commit"), patch(".codex/config.toml"), patch(".env"), patch(self.codex.path("home/.bashrc")),
                  Call("view_image", {"path": "/etc/passwd"})]
        self.codex.setup()
        kept = self.play(script, OPEN, model=PATCHES)
        self.assertIn("Success", kept.results[0])
        for result, words in zip(kept.results[1:], ("read-only", "read-only", "masked", "outside", "outside")):
            self.assertIn(words, result)
        self.assertFalse(os.path.exists(self.codex.path("project/.git/hooks/pre-commit")))
        self.assertFalse(os.path.exists(self.codex.path("home/.bashrc")))
        self.codex.setup("--remove")
        self.play([patch(".git/hooks/pre-commit"), patch(self.codex.path("home/.bashrc"))], OPEN, model=PATCHES)
        self.assertTrue(os.path.exists(self.codex.path("project/.git/hooks/pre-commit")))
        self.assertTrue(os.path.exists(self.codex.path("home/.bashrc")))

    def test_stated_exception_a_hook_that_fails_lets_the_command_run(self):
        """docs/codex.md, "A hook that fails lets the command run" and "The rollout". Should Codex learn to block, say so there."""
        self.codex.setup()
        config = self.codex.read("home/.codex/config.toml")
        for text, how in (("kill -9 $$", "killed"), ("sleep 5", "slow"), ("exit 1", "broken"), ("echo '{'", "garbled"), ("", "missing")):
            with self.subTest(how):
                hook = self.codex.write("home/bin/hook", f"#!/bin/sh\n{text}\n", 0o755) if how != "missing" else "/none/hook"
                failing = config.replace(f'"{harness.CONFIDE} hook codex"', f'"{hook}"').replace("timeout = 30", "timeout = 1")
                self.assertIn("timeout = 1\n", failing)
                self.codex.write("home/.codex/config.toml", failing)
                plain = self.play([shell("printenv DB_PASSWORD")], OPEN, "--dangerously-bypass-hook-trust")
                self.assertIn("env", plain.places["requests"])
                for place in ("rollout", ".sqlite"):
                    self.assertTrue(any(place in name for name in plain.places), plain.places)
                # In Codex's own sandbox the variables are there as well, and the disk can be read.
                own = self.play([shell("printenv DB_PASSWORD; cat .env ../home/.ssh/id_canary")], "-s", "read-only", "--dangerously-bypass-hook-trust")
                self.assertEqual(own.places["requests"], {"env", "dotenv", "ssh"})
        # What stops it: exit status 2, and an answer that denies, which is what `confide hook` gives for errors of its own.
        for text in ("echo no >&2; exit 2", "head -c 1000000 /dev/zero | " + harness.CONFIDE + " hook codex"):
            hook = self.codex.write("home/bin/hook", f"#!/bin/sh\n{text}\n", 0o755)
            self.codex.write("home/.codex/config.toml", config.replace(f'"{harness.CONFIDE} hook codex"', f'"{hook}"'))
            kept = self.codex.run([shell("printenv DB_PASSWORD; touch ran")], OPEN, "--dangerously-bypass-hook-trust")
            self.assertNotIn("requests", kept.places, kept)
            self.assertFalse(os.path.exists(self.codex.path("project/ran")))

    def test_stated_exception_a_denied_path_puts_our_sandbox_into_codexs(self):
        """docs/codex.md, "A path that is denied"."""
        self.codex.setup()
        profile = ("-c", 'default_permissions="p"', "-c", 'permissions.p.filesystem={":root"="read",":project_roots"={"."="write"},"/etc/hostname"="none"}')
        kept = self.play([shell("grep Seccomp_filters /proc/self/status; printenv DB_PASSWORD; cat .env; touch made; echo tried")], *profile)
        self.assertRegex(kept.results[0], r"(?s)Seccomp_filters:\t[23].*tried", kept)
        self.assertEqual(kept.places, {}, kept)
        self.assertTrue(os.path.exists(self.codex.path("project/made")), kept)

    def test_prove_from_where_commands_run(self):
        """By hook, boxed, and in Codex's own sandbox, which shows the disk."""
        program = session.programs_in_the_project(self.codex)
        for words in ((), ("--boxed",)):
            self.codex.setup(*words)
            self.play([shell(f"{program} prove --json > report", yield_time_ms=30000)], OPEN)
            report = json.loads(self.codex.read("project/report"))
            self.assertEqual((report["place"], report["level"], report["leaks"]), ("a confined command", 1, 0), report)
            self.codex.setup(*words, "--remove")
        ran = harness.confide("prove", "--json", "--", session.CODEX, "sandbox", "--", env=self.codex.variables, cwd=self.codex.project)
        self.assertEqual(ran.code, 1, ran)
        report = json.loads(ran.text)
        self.assertEqual((report["place"], report["level"]), ("another program's sandbox", 0))
        self.assertIn("read", {row["attempt"] for row in report["attempts"] if row["outcome"] == "leak"})

    def test_nothing_outlives_its_command_or_the_session(self):
        token = str(10**7 + int(harness.new_token()[:6], 16))
        script = survivors(token)
        self.play(script, OPEN)
        left = harness.processes_with(token)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self.assertTrue(left, "without confide they survive")
        for words in ((), ("--boxed",)):
            self.codex.setup(*words)
            kept = self.play(script, OPEN)
            self.assertIn("started", kept.results[0])
            self.assertTrue(harness.wait_for(lambda: not harness.processes_with(token)), words)
            self.codex.setup(*words, "--remove")

    def test_a_kill_of_the_client(self):
        def killed(arguments):
            return session.kill_in_the_middle(self.codex, arguments, yield_time_ms=30000), self.codex.judge.in_tree(self.codex.path("home/.codex"))

        self.assertTrue(any("shell_snapshots" in place for place in killed([OPEN])[1]), "without confide the snapshot stays")
        # docs/codex.md, "A command that runs when Codex is killed": by hook it may go on, confined; boxed it ends.
        for words, outcomes in (((), ("goes on confined", "ends")), (("--boxed",), ("ends",))):
            shutil.rmtree(self.codex.path("home/.codex"))
            self.codex.setup(*words)
            outcome, places = killed([OPEN])
            self.assertIn(outcome, outcomes, words)
            self.assertEqual(places, {}, words)
            self.codex.setup(*words, "--remove")

    # --- boxed

    def test_reading_boxed(self):
        self.codex.setup("--boxed")
        kept = self.play([call for _, call in self.attempts()], OPEN)
        self.assertEqual(kept.places, {}, kept)

    def test_boxed_file_tools_reach_no_further_than_commands(self):
        self.codex.setup("--boxed")
        os.symlink(self.codex.home, self.codex.path("project/link"))
        script = [patch("new.txt"), patch(".git/hooks/pre-commit"), patch(".codex/config.toml"), patch(self.codex.path("home/.bashrc")), patch("link/.zshrc"),
                  Call("view_image", {"path": self.codex.path("home/.ssh/id_canary")})]
        kept = self.play(script, OPEN, model=PATCHES)
        self.assertTrue(os.path.exists(self.codex.path("project/new.txt")), kept)
        for name in ("project/.git/hooks/pre-commit", "project/.codex", "home/.bashrc", "home/.zshrc"):
            self.assertFalse(os.path.exists(self.codex.path(name)), (name, kept))
        self.assertEqual(kept.places, {}, kept)
        self.assertIn("No such file", kept.results[-1])

    def test_boxed_the_model_cannot_choose_another_place(self):
        self.codex.setup("--boxed")
        kept = self.codex.run([shell("printenv DB_PASSWORD; cat .env", environment_id="local")], OPEN)
        self.assertEqual(kept.places, {}, kept)

    def test_boxed_fails_closed(self):
        self.codex.setup("--boxed")
        path = "home/.codex/environments.toml"
        self.codex.write(path, self.codex.read(path).replace(f'program = "{harness.CONFIDE}"', 'program = "/none/confide"'))
        kept = self.codex.run([shell("printenv DB_PASSWORD; touch ran")], OPEN)
        self.assertEqual(kept.places, {}, kept)
        self.assertFalse(os.path.exists(self.codex.path("project/ran")))

    def test_what_runs_later_is_kept_in_both_forms(self):
        attempts = [shell("echo x > .git/hooks/pre-commit; mkdir .codex; echo x > .codex/config.toml; mv .git g; git config core.hooksPath n; echo tried")]
        for words in ((), ("--boxed",)):
            self.codex.setup(*words)
            self.assertIn("tried", self.play(attempts, OPEN).results[0])
            for name in (".git/hooks/pre-commit", ".codex", "g"):
                self.assertFalse(os.path.exists(self.codex.path(f"project/{name}")), (words, name))
            self.codex.setup(*words, "--remove")
        self.play(attempts, OPEN)
        self.assertTrue(os.path.exists(self.codex.path("project/g")))

    def work(self, *arguments):
        for name, text in PROJECT.items():
            self.codex.write(f"project/{name}", text)
        steps = work(yield_time_ms=30000)
        kept = self.play([call for call, _ in steps], *arguments)
        for result, (_, word) in zip(kept.results, steps):
            self.assertIn(word, result, kept)

    def test_the_work_goes_on_by_hook(self):
        self.codex.setup()
        self.work("-s", "workspace-write")

    def test_the_work_goes_on_boxed(self):
        self.codex.setup("--boxed")
        self.work(OPEN)


@unittest.skipIf(session.WHY_NOT, session.WHY_NOT)
class AtLength(unittest.TestCase):
    def test_two_hundred_commands(self):
        for words in ((), ("--boxed",)):
            codex = session.Codex()
            self.addCleanup(codex.close)
            codex.setup(*words)
            kept = codex.run([shell(f"echo number-{n}; cat .env") for n in range(200)], OPEN)
            self.assertEqual([f"number-{n}" in result for n, result in enumerate(kept.results)], [True] * 200, kept)
            self.assertEqual(kept.places, {})


def load_tests(loader, tests, pattern):
    """Without names on the command line: what is quick."""
    return loader.loadTestsFromTestCase(Codex)


if __name__ == "__main__":
    harness.main()
