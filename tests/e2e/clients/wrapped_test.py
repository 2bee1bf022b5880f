"""The whole client in `confide agent`: level 2, and level 3 where root starts it. Each attempt succeeds without confide, and
comes to nothing in the sandbox, where the client works as before, its own sandbox included."""

import json
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from attempts import LATER_IN_HOME, LATER_IN_PROJECT, PROJECT, reading, script, survivors, work, writing  # noqa: E402
from model import Call, Model, shell  # noqa: E402
from session import harness  # noqa: E402

PATCHES = "gpt-5.5"  # has apply_patch as a tool


def contents(root, leave_out=()):
    """{path: its bytes, where its link leads, or its kind}"""
    found = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if os.path.relpath(os.path.join(folder, name), root) not in leave_out]
        for name in (*folders, *names):
            path = os.path.join(folder, name)
            key = os.path.relpath(path, root)
            if key in leave_out:
                continue
            if os.path.islink(path):
                found[key] = os.readlink(path)
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    found[key] = file.read()
            else:
                found[key] = "a folder" if os.path.isdir(path) else "something else"
    return found


class Wrapped:
    """What both clients have in common. A client's class says how it is started so that nothing of its own stops a command."""

    maxDiff = None
    state = ()          # of the client, below the home: it writes there
    configuration = ""  # of that, what decides what it runs
    KEEPS = ()          # where a canary lies after it was read
    OPEN = WORK = BESIDE_THE_HOOK = ()  # options
    MORE = {}           # for commands that take long

    def new(self):
        raise NotImplementedError

    def begin(self, wrap=()):
        client = self.new()
        client.wrap = None if wrap is None else list(wrap)
        self.addCleanup(client.close)
        return client

    def play(self, client, script, *arguments, **more):
        outcome = client.run(script, *(arguments or self.OPEN), **more)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertEqual(len(outcome.results), len(script), outcome)
        return outcome

    def own_tools(self, client):
        """Attempts by tools of the client's own."""
        raise NotImplementedError

    def test_reading(self):
        plain = self.begin(None)
        attempts = [*reading(plain.home), *self.own_tools(plain)]
        leaked = self.play(plain, [call for _, call in attempts])
        for (name, call), result in zip(attempts, leaked.results):
            self.assertIn(name, plain.judge.in_bytes(result.encode()), f"{call} leaks nothing without confide: {result}")
        self.assertEqual(leaked.places["requests"], {"env", "dotenv", "ssh"})
        for kept_by_the_client in self.KEEPS:
            self.assertTrue(any(kept_by_the_client in place for place in leaked.places), leaked.places)

        wrapped = self.begin()
        kept = self.play(wrapped, [call for _, call in [*reading(wrapped.home), *self.own_tools(wrapped)]])
        self.assertEqual(kept.places, {}, kept)
        self.assertIn("taken out         DB_PASSWORD", kept.errors)
        self.assertIn(f"{wrapped.project}/.env holds values (DOTENV_KEY)", kept.errors)

    def test_writing_what_runs_later(self):
        plain = self.begin(None)
        self.play(plain, writing(plain.home))
        self.assertEqual([name for name in LATER_IN_HOME if b"evil" not in contents(plain.home).get(name, b"")], [])
        # .git is another now; the last steps moved the hooks in it and wrote its configuration.
        there = contents(plain.project)
        self.assertEqual([name for name in LATER_IN_PROJECT if not name.startswith(".git/") and b"evil" not in there.get(name, b"")], [])
        for name in ("gone/config", "gone/hooks/pre-commit", "gone/modules/m/hooks/post-checkout", ".git/more/pre-commit"):
            self.assertIn(b"evil", there[name], name)

        wrapped = self.begin()
        before = contents(wrapped.project), contents(wrapped.home, self.state)
        kept = self.play(wrapped, writing(wrapped.home))
        self.assertEqual(kept.places, {}, kept)
        after = contents(wrapped.project), contents(wrapped.home, (*self.state, ".local"))  # .local: what confide records
        self.assertEqual([result for result in kept.results if "tried" not in result], [])
        self.assertEqual(after, before)
        self.assertNotIn("during the run", kept.errors)

    def test_its_own_configuration_is_reported(self):
        client = self.begin()
        outcome = self.play(client, [script(f"echo x > {client.home}/{self.configuration}; echo tried")])
        self.assertRegex(outcome.errors, f"during the run {client.home}/{self.configuration} was (made|changed)")

    def test_nothing_outlives_the_agent(self):
        token = str(10**7 + int(harness.new_token()[:6], 16))
        self.play(self.begin(None), survivors(token))
        left = harness.processes_with(token)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self.assertTrue(left, "without confide they survive")
        kept = self.play(self.begin(), survivors(token))
        self.assertIn("started", kept.results[0])
        self.assertTrue(harness.wait_for(lambda: not harness.processes_with(token)), harness.processes_with(token))

    def test_a_kill_of_the_launcher_ends_all_of_it(self):
        token = str(10**7 + int(harness.new_token()[:6], 16))
        client = self.begin()
        with Model([script(f"sleep {token}; true")]) as model:
            process = client.start(self.OPEN, model)
            try:
                self.assertTrue(harness.wait_for(lambda: harness.processes_with(token)))
                os.kill(process.pid, signal.SIGKILL)
                self.assertTrue(harness.wait_for(lambda: not harness.processes_with(token)), harness.processes_with(token))
            finally:
                process.kill()
                process.wait()
        # What stood in for members that must not be made is taken away as well.
        self.assertEqual(harness.wait_for(lambda: not os.path.lexists(client.path("project/.husky"))), True)

    def test_the_work_goes_on(self):
        client = self.begin()
        for name, text in PROJECT.items():
            client.write(f"project/{name}", text)
        steps = [*work(**self.MORE), *self.own_work(client)]
        kept = self.play(client, [call for call, _ in steps], *self.WORK)
        for result, (_, word) in zip(kept.results, steps):
            self.assertIn(word, result, kept)
        self.assertEqual(kept.places, {}, kept)
        self.assertIn(client.canaries["dotenv"], client.read("project/.env"), "the masked file outside is as it was")
        log = subprocess.run(["git", "-c", "safe.directory=*", "log", "--format=%s", "--all"], cwd=client.project, capture_output=True, text=True, check=True)
        self.assertEqual(set(log.stdout.split()), {"first", "second"})

    def test_the_hook_works_inside_too(self):
        """A person who has set the hook up and then wraps the agent as well."""
        client = self.begin()
        client.setup()
        kept = self.play(client, [shell("printenv DB_PASSWORD; cat .env; grep Seccomp_filters /proc/self/status; echo tried")], *self.BESIDE_THE_HOOK)
        self.assertEqual(kept.places, {}, kept)
        self.assertIn("Seccomp_filters:\t2", kept.results[0])
        self.assertIn("tried", kept.results[0])

    def test_an_agent_can_prove_it_by_itself(self):
        client = self.begin()
        kept = self.play(client, [shell(f"{harness.CONFIDE} prove --json > report; echo $?", **self.MORE)])
        report = json.loads(client.read("project/report"))
        self.assertEqual((report["place"], report["level"], report["leaks"]), ("a wrapped agent", 3 if harness.AS_ROOT else 2, 0), kept)
        self.assertEqual(report["client"], self.name)


@unittest.skipIf(session.WHY_NOT, session.WHY_NOT)
class ClaudeCode(Wrapped, unittest.TestCase):
    name = "claude"
    state = (".claude", ".claude.json", "tmp")
    KEEPS = (".claude/projects",)
    configuration = ".claude/CLAUDE.md"
    WORK = ("--permission-mode", "acceptEdits")
    BESIDE_THE_HOOK = ()
    MORE = {"timeout": 60000}

    def new(self):
        claude = session.Claude()
        claude.settings = {"permissions": {"allow": ["Bash", "Monitor", "Read", "Write", "Edit", "Grep"]}}
        return claude

    def own_tools(self, client):
        return [("dotenv", Call("Read", {"file_path": client.path("project/.env")})),
                ("ssh", Call("Read", {"file_path": client.path("home/.ssh/id_canary")}))]

    def own_work(self, client):
        path = client.path("project/new.txt")
        return [(Call("Write", {"file_path": path, "content": "one\n"}), "created"), (Call("Read", {"file_path": path}), "one"),
                (Call("Edit", {"file_path": path, "old_string": "one", "new_string": "two"}), "updated")]

    def test_its_own_sandbox_starts_beside_a_claude_folder_of_the_projects(self):
        client = self.begin()
        client.write("project/.claude/commands/c.md", "Do it.\n")
        client.settings = {"sandbox": {"enabled": True, "autoAllowBashIfSandboxed": True, "allowUnsandboxedCommands": False}}
        outcome = self.play(client, [shell("grep Seccomp_filters /proc/self/status; echo x > .claude/commands/c.md; echo x > .claude/settings.json; echo tried")])
        self.assertIn("tried", outcome.results[0], outcome)
        self.assertNotIn("Seccomp_filters:\t1", outcome.results[0])
        self.assertEqual(client.read("project/.claude/commands/c.md"), "Do it.\n")
        self.assertEqual(os.listdir(client.path("project/.claude")), ["commands"])

    def test_it_makes_no_worktree_of_its_own(self):
        """docs/agent.md: `.git` is a mount inside, and that is not what Claude Code takes for a repository's own."""
        plain, client = self.begin(None), self.begin()
        for one, code in ((plain, 0), (client, 1)):
            session.commit(one)
            outcome = one.run([shell("echo tried")], "--worktree", "feature")
            self.assertEqual(outcome.code, code, outcome)
            self.assertEqual(os.path.exists(one.path("project/.claude")), code == 0)
        self.assertIn("worktree", outcome.errors.splitlines()[-1])

    def test_monitor_is_a_shell_too(self):
        script = [Call("Monitor", {"command": "printenv DB_PASSWORD; cat .env; echo seen", "description": "m", "timeout_ms": 3000, "persistent": False}),
                  shell("sleep 1; cat $(find ../home/tmp /tmp -name '*.output' 2>/dev/null) /dev/null")]
        self.assertTrue({"env", "dotenv"} <= set().union(*self.begin(None).run(script).places.values()))
        kept = self.begin().run(script)
        self.assertEqual(kept.places, {}, kept)
        self.assertIn("seen", kept.results[-1])

    def test_its_own_sandbox_starts_inside(self):
        client = self.begin()
        client.settings = {"sandbox": {"enabled": True, "autoAllowBashIfSandboxed": True, "allowUnsandboxedCommands": False}}
        kept = self.play(client, [shell("grep -E 'Seccomp_filters|NSpid' /proc/self/status; printenv DB_PASSWORD; cat .env; touch ~/outside; echo tried")])
        self.assertEqual(kept.places, {}, kept)
        self.assertIn("tried", kept.results[0])
        self.assertNotIn("Seccomp_filters:\t1", kept.results[0], "only ours: its own did not start")
        refused = self.begin(["--no-inner-sandbox"])
        refused.settings = client.settings
        self.assertNotIn("tried", "".join(refused.run([shell("echo tr''ied")]).results))


@unittest.skipIf(session.WHY_NOT, session.WHY_NOT)
class Codex(Wrapped, unittest.TestCase):
    name = "codex"
    state = (".codex",)
    KEEPS = ("rollout", ".sqlite", "shell_snapshots")
    configuration = ".codex/AGENTS.md"
    OPEN = WORK = ("--dangerously-bypass-approvals-and-sandbox",)
    BESIDE_THE_HOOK = ("-s", "workspace-write")
    MORE = {"yield_time_ms": 30000}

    def new(self):
        codex = session.Codex()
        os.makedirs(codex.path("home/.codex"))
        return codex

    def own_tools(self, client):
        return [("ssh", shell("cat .ssh/id_canary", workdir=client.home)), ("ssh", shell(f"cat {client.home[1:]}/.ssh/id_canary", workdir="/"))]

    def own_work(self, client):
        return []

    def test_files_by_tool(self):
        def patch(path):
            return Call("apply_patch", f"*** Begin Patch\n*** Add File: {path}\n+evil\n*** End Patch\n")
        later = (".git/hooks/pre-commit", ".codex/config.toml", ".husky/pre-commit")
        plain = self.begin(None)
        self.play(plain, [patch(name) for name in later], model=PATCHES)
        self.assertEqual([os.path.exists(plain.path(f"project/{name}")) for name in later], [True] * len(later))
        client = self.begin()
        kept = self.play(client, [patch("new.txt"), *(patch(name) for name in (*later, client.path("home/.bashrc")))], model=PATCHES)
        self.assertIn("Success", kept.results[0])
        self.assertEqual(client.read("project/new.txt"), "evil\n")
        self.assertEqual([name for name in (*later, "../home/.bashrc") if os.path.exists(client.path(f"project/{name}"))], [])

    def test_its_own_sandbox_starts_inside(self):
        client = self.begin()
        kept = self.play(client, [shell("grep Seccomp_filters /proc/self/status; printenv DB_PASSWORD; cat .env; touch ~/outside; touch in; echo tried")],
                         "-s", "workspace-write")
        self.assertEqual(kept.places, {}, kept)
        self.assertRegex(kept.results[0], r"(?s)Seccomp_filters:\t[23].*tried", kept)
        self.assertTrue(os.path.exists(client.path("project/in")))
        refused = self.begin(["--no-inner-sandbox"])
        self.assertNotIn("tried", "".join(refused.run([shell("echo tr''ied")], "-s", "workspace-write").results))


@unittest.skipIf(session.WHY_NOT, session.WHY_NOT)
class AtLength(unittest.TestCase):
    def test_two_hundred_commands(self):
        for case in (ClaudeCode(), Codex()):
            client = case.new()
            client.wrap = []
            self.addCleanup(client.close)
            kept = client.run([shell(f"echo number-{n}; cat .env") for n in range(200)], *case.OPEN)
            self.assertEqual([f"number-{n}" in result for n, result in enumerate(kept.results)], [True] * 200, kept)
            self.assertEqual(kept.places, {})


def load_tests(loader, tests, pattern):
    """Without names on the command line: what is quick."""
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (ClaudeCode, Codex))


if __name__ == "__main__":
    harness.main()
