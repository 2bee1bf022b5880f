"""Claude Code with `confide setup claude`: level 1. Each attempt leaks without, and nothing leaks with confide."""

import json
import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from attempts import PROJECT, reading, survivors, work  # noqa: E402
from model import Call, shell  # noqa: E402
from session import harness  # noqa: E402

# Without confide a person lets Claude Code run commands in one way or the other.
OPEN = {"permissions": {"allow": ["Bash", "Monitor", "Read", "Write", "Edit"]}}


@unittest.skipIf(session.WHY_NOT, session.WHY_NOT)
class ClaudeCode(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.claude = session.Claude()
        self.addCleanup(self.claude.close)

    def play(self, script, *arguments):
        outcome = self.claude.run(script, *arguments)
        self.assertEqual(len(outcome.results), len(script), outcome)
        self.assertEqual(outcome.code, 0, outcome)
        return outcome

    def canaries_in(self, text):
        return self.claude.judge.in_bytes(text.encode())

    def test_reading(self):
        attempts = [*reading(self.claude.home), ("dotenv", Call("Read", {"file_path": self.claude.path("project/.env")})),
                    ("ssh", Call("Read", {"file_path": self.claude.path("home/.ssh/id_canary")}))]
        script = [call for _, call in attempts]
        self.claude.settings = OPEN
        plain = self.play(script)
        for (name, call), result in zip(attempts, plain.results):
            self.assertIn(name, self.canaries_in(result), f"{call} leaks nothing without confide: {result}")
        self.assertEqual(plain.places["requests"], {"env", "dotenv", "ssh"})
        self.assertTrue(any("projects" in place for place in plain.places), plain.places)

        self.claude.close()
        self.setUp()
        self.claude.setup()
        kept = self.play([call for _, call in [*reading(self.claude.home), ("", Call("Read", {"file_path": self.claude.path("project/.env")})),
                                               ("", Call("Read", {"file_path": self.claude.path("home/.ssh/id_canary")}))]])
        self.assertEqual(kept.places, {}, kept)
        self.assertIn("masked", kept.results[-2])
        self.assertIn("outside the project", kept.results[-1])

    def test_monitor_is_a_shell_too(self):
        script = [Call("Monitor", {"command": "printenv DB_PASSWORD; cat .env; echo seen", "description": "m", "timeout_ms": 3000, "persistent": False}),
                  shell("sleep 1; cat $(find tmp ../home/tmp -name '*.output' 2>/dev/null) /dev/null")]
        self.claude.settings = OPEN
        self.assertTrue({"env", "dotenv"} <= set().union(*self.claude.run(script).places.values()))
        self.claude.close()
        self.setUp()
        self.claude.setup()
        kept = self.claude.run(script)
        self.assertEqual(kept.places, {}, kept)

    def test_helpers_of_the_agent_are_asked_about_too(self):
        task = "Look into the thing that was named."
        script = {task: [shell("printenv DB_PASSWORD; cat .env; echo tried"), Call("Read", {"file_path": self.claude.path("project/.env")})],
                  "": [Call("Agent", {"description": "look", "prompt": task, "subagent_type": "general-purpose"})]}
        self.claude.settings = OPEN | {"permissions": {"allow": ["Bash", "Read", "Agent"]}}
        plain = self.claude.run(script)
        self.assertEqual(plain.places.get("requests"), {"env", "dotenv"}, plain)
        self.claude.close()
        self.setUp()
        script[task][1] = Call("Read", {"file_path": self.claude.path("project/.env")})
        self.claude.setup()
        kept = self.claude.run(script)
        self.assertEqual(kept.places, {}, kept)
        self.assertTrue(any("tried" in result for result in kept.results), kept)

    def test_writing_what_runs_later(self):
        home, project = self.claude.home, self.claude.project
        later = {name: self.claude.path(f"project/{name}") for name in (".git/hooks/pre-commit", ".claude/settings.json", ".mcp.json")}
        targets = [f"{home}/.bashrc", f"{home}/.claude/settings.json", f"{home}/.config/confide/config.toml"]
        script = [shell(f"mkdir -p $(dirname {path}); echo '{{}}' > {path}.new && mv {path}.new {path}; touch {path}.$$; echo tried") for path in targets]
        script += [shell(f"mkdir -p $(dirname {name}); echo '{{}}' > {name}; mkdir n; echo x > n/pre-commit; mv .git/hooks old; mv n .git/hooks; mv .git g; git config core.hooksPath n; echo tried")
                   for name in later]
        script += [Call("Write", {"file_path": path, "content": "{}"}) for path in (*targets, f"{project}/.git/hooks/pre-commit", f"{project}/.claude/settings.json", f"{project}/.mcp.json")]
        self.claude.setup()
        settings = self.claude.read("home/.claude/settings.json")
        before = {path: sorted(os.listdir(path)) for path in (home, f"{home}/.ssh", f"{project}/.git/hooks")}
        kept = self.play(script)
        self.assertEqual(self.claude.read("home/.claude/settings.json"), settings)
        self.assertFalse(os.path.exists(f"{home}/.bashrc"))
        self.assertFalse(os.path.exists(f"{home}/.config/confide"))
        self.assertEqual(sorted(os.listdir(f"{project}/.git/hooks")), before[f"{project}/.git/hooks"])
        for path in later.values():
            self.assertFalse(os.path.exists(path), path)
        self.assertNotIn("hooksPath", self.claude.read("project/.git/config"))
        for result in kept.results[len(targets) + len(later):]:  # the client itself wants a file to be read first, which the hook denies
            self.assertRegex(result, "confide: |has not been read")
        # And without: each is written.
        self.claude.settings = OPEN
        self.claude.run([shell(f"sh -c 'echo x > {home}/.bashrc; echo x > {project}/.git/hooks/pre-commit'")])
        self.assertTrue(os.path.exists(f"{home}/.bashrc") and os.path.exists(f"{project}/.git/hooks/pre-commit"))

    def test_nothing_outlives_its_command(self):
        token = str(10**7 + int(harness.new_token()[:6], 16))
        script = survivors(token)
        self.claude.settings = OPEN
        self.play(script)
        left = harness.processes_with(token)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self.assertTrue(left, "without confide they survive")
        self.claude.setup()
        kept = self.play(script)
        self.assertIn("started", kept.results[0])
        self.assertEqual(harness.wait_for(lambda: not harness.processes_with(token)), True)

    def test_a_kill_of_the_client(self):
        # docs/claude-code.md, "A command that runs when Claude Code is killed".
        self.claude.settings = OPEN
        self.assertEqual(session.kill_in_the_middle(self.claude), "goes on")
        self.claude.setup()
        self.assertIn(session.kill_in_the_middle(self.claude), ("goes on confined", "ends"))
        self.assertEqual(self.claude.judge.in_tree(self.claude.path("home/.claude")), {})

    def test_a_hook_that_fails_blocks(self):
        self.claude.setup()
        settings = self.claude.settings
        settings |= OPEN
        hook = settings["hooks"]["PreToolUse"][0]["hooks"][0]
        for script, how in (("kill -9 $$", "killed"), ("sleep 20", "slow"), ("exit 1", "broken"), ("", "missing")):
            with self.subTest(how):
                path = self.claude.write("home/bin/hook", f"#!/bin/sh\n{script}\n", 0o755)
                hook["command"], hook["timeout"] = ("/none/hook" if how == "missing" else path), 1
                self.claude.settings = settings
                kept = self.claude.run([shell("printenv DB_PASSWORD; touch ran")])
                self.assertEqual(kept.places, {}, kept)
                self.assertFalse(os.path.exists(self.claude.path("project/ran")))
        # Without the member that setup wrote they would have been let through.
        del hook["onFailure"]
        self.claude.settings = settings
        self.claude.run([shell("touch ran")])
        self.assertTrue(os.path.exists(self.claude.path("project/ran")))

    def test_the_work_goes_on(self):
        for name, text in PROJECT.items():
            self.claude.write(f"project/{name}", text)
        self.claude.setup()
        steps = [
            *work(timeout=60000, description="work"),
            (Call("Write", {"file_path": self.claude.path("project/new.txt"), "content": "one\n"}), "created"),
            (Call("Read", {"file_path": self.claude.path("project/new.txt")}), "one"),
            (Call("Edit", {"file_path": self.claude.path("project/new.txt"), "old_string": "one", "new_string": "two"}), "updated"),
            (shell("cat new.txt; echo \"it's\" 'a \"quoted\" word'; cat <<'E'\nh$HOME'ere\nE\nfalse"), "two\nit's a \"quoted\" word\nh$HOME'ere"),
        ]
        kept = self.play([call for call, _ in steps], "--permission-mode", "acceptEdits")
        for result, (_, word) in zip(kept.results, steps):
            self.assertIn(word, result, kept)
        self.assertIn("Exit code 1", kept.results[-1])

    def test_a_command_can_prove_where_it_is(self):
        self.claude.setup()
        self.play([shell(f"{session.programs_in_the_project(self.claude)} prove --json > report")])
        report = json.loads(self.claude.read("project/report"))
        self.assertEqual((report["place"], report["level"], report["leaks"]), ("a confined command", 1, 0), report)

    def test_a_worktree_of_the_clients_own(self):
        """docs/claude-code.md, *Worktrees*: the work goes on there, git does not."""
        session.commit(self.claude)
        self.claude.setup()
        kept = self.play([shell("pwd; touch made; git status; cat .env; echo tried")], "--worktree", "feature")
        self.assertIn("/.claude/worktrees/feature\n", kept.results[0])
        self.assertIn("not a git repository", kept.results[0])
        self.assertTrue(os.path.exists(self.claude.path("project/.claude/worktrees/feature/made")))
        self.assertEqual(kept.places, {}, kept)

    def test_what_is_taken_out_is_gone(self):
        self.claude.settings = OPEN
        before = self.claude.read("home/.claude/settings.json")
        self.claude.setup()
        self.assertEqual(self.claude.run([shell("printenv DB_PASSWORD")]).places, {})
        self.claude.setup("--remove")
        self.assertEqual(self.claude.read("home/.claude/settings.json"), before)
        self.assertIn("env", self.claude.run([shell("printenv DB_PASSWORD")]).places["requests"])


@unittest.skipIf(session.WHY_NOT, session.WHY_NOT)
class AtLength(unittest.TestCase):
    def test_two_hundred_commands(self):
        claude = session.Claude()
        self.addCleanup(claude.close)
        claude.setup()
        kept = claude.run([shell(f"echo number-{n}; cat .env") for n in range(200)])
        self.assertEqual([f"number-{n}" in result for n, result in enumerate(kept.results)], [True] * 200, kept)
        self.assertEqual(kept.places, {})


def load_tests(loader, tests, pattern):
    """Without names on the command line: what is quick."""
    return loader.loadTestsFromTestCase(ClaudeCode)


if __name__ == "__main__":
    harness.main()
