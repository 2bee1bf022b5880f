"""The walk-throughs of docs/claude-code.md and docs/codex.md, each command as it stands there, as a new user would."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from model import shell  # noqa: E402
from session import harness  # noqa: E402

ROOT = os.environ.get("CONFIDE_SOURCE_DIR") or os.path.abspath(os.path.join(session.HERE, "../../.."))
ATTEMPT = [shell("printenv DB_PASSWORD; cat .env; echo tried")]
BYPASS = "--dangerously-bypass-approvals-and-sandbox"


def blocks(page):
    with open(os.path.join(ROOT, "docs", page), encoding="utf-8") as file:
        return re.findall(r"^```sh\n(.*?)^```", file.read(), re.M | re.S)


@unittest.skipIf(session.WHY_NOT, session.WHY_NOT)
class WalkThrough(unittest.TestCase):
    maxDiff = None

    def follow(self, person, block, leave_out=()):
        """Runs a block line by line's worth, without the lines that start a client: a test does that with a model."""
        script = "\n".join(line for line in block.splitlines() if line not in leave_out)
        done = subprocess.run(["bash", "-euc", script], cwd=person.project, env=person.variables, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{block}\n{done.stdout}{done.stderr}")
        self.assertEqual(person.judge.in_bytes((done.stdout + done.stderr).encode()), set(), block)
        return done.stdout

    def confined(self, outcome):
        self.assertIn("tried", outcome.results[0], outcome)
        self.assertEqual(outcome.places, {}, outcome)

    def test_claude_code(self):
        claude = session.Claude()
        self.addCleanup(claude.close)
        claude.variables["CLAUDE_CONFIG_DIR"] = claude.path("home/.claude")
        claude.settings = {"permissions": {"allow": ["Read"]}}
        before = claude.read("home/.claude/settings.json")
        setup, look, more, managed, remove = blocks("claude-code.md")
        self.assertIn("onFailure", self.follow(claude, setup))
        self.confined(claude.run(ATTEMPT))
        self.follow(claude, look)
        self.addCleanup(harness.confide, "deny", claude.project)
        self.assertIn("allowed", self.follow(claude, more))
        self.confined(claude.run(ATTEMPT))
        self.assertEqual(managed, "sudo confide setup claude --managed\n")  # managed_test.py runs it
        self.follow(claude, remove)
        self.assertEqual(claude.read("home/.claude/settings.json"), before)

    def test_whole_agents(self):
        start, look = blocks("agent.md")
        self.assertEqual([line.partition("#")[0].strip() for line in start.splitlines()], ["cd ~/src/shop", "confide agent -- codex"])
        self.assertIn("or: confide agent -- claude", start)
        claude = session.Claude()
        claude.wrap = []
        claude.settings = {"permissions": {"allow": ["Bash"]}}
        codex = session.Codex()
        codex.wrap = []
        os.makedirs(codex.path("home/.codex"))
        for person, more in ((claude, []), (codex, [BYPASS])):
            self.addCleanup(person.close)
            self.confined(person.run(ATTEMPT, *more))
            said = self.follow(person, look)
            self.assertIn("assurance level 0", said)
            self.assertIn("assurance level 2", said)
            self.assertIn("confide agent, process", said)

    def test_codex(self):
        codex = session.Codex()
        self.addCleanup(codex.close)
        os.makedirs(codex.path("home/.codex"))
        codex.variables |= {"CODEX_HOME": codex.path("home/.codex"), "PATH": os.path.dirname(session.CODEX) + ":" + codex.variables["PATH"]}
        boxed, hook, look, managed, remove = blocks("codex.md")
        boxed_off, hook_off = remove.splitlines()
        start = f"codex {BYPASS}"
        self.assertIn(start, boxed)
        self.follow(codex, boxed, [start])
        self.confined(codex.run(ATTEMPT, BYPASS))
        self.follow(codex, boxed_off)
        self.follow(codex, hook, ["codex"])
        self.confined(codex.run(ATTEMPT, "-s", "workspace-write"))
        self.follow(codex, look)
        self.assertEqual(managed, "sudo confide setup codex --managed\n")
        self.follow(codex, hook_off)
        for name in ("environments.toml", "config.toml", "rules"):
            self.assertFalse(os.path.exists(codex.path(f"home/.codex/{name}")), name)


if __name__ == "__main__":
    harness.main()
