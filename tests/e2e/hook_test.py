"""confide hook as a client calls it: what it decides about real files, and that nothing makes it say yes by accident."""

import json
import os
import pathlib
import pwd
import signal
import subprocess
import time

import harness
from harness import CONFIDE


def event(tool, cwd=None, **tool_input):
    return {"session_id": "s", "hook_event_name": "PreToolUse", "permission_mode": "default", "cwd": cwd or os.getcwd(),
            "tool_name": tool, "tool_input": tool_input}


def decision_of(out):
    return json.loads(out)["hookSpecificOutput"] if out else None


class Hook(harness.Case):
    def ask(self, what, client="claude", **more):
        data = what if isinstance(what, bytes) else json.dumps(what).encode()
        return harness.confide("hook", client, stdin=data, **more)

    def assert_denied(self, ran, *words):
        self.assert_code(ran, 0)
        said = decision_of(ran.out)
        self.assertIsNotNone(said, ran)
        self.assertEqual(said["permissionDecision"], "deny", ran)
        self.assertNotIn("updatedInput", said, ran)
        for word in words:
            self.assertIn(word, said["permissionDecisionReason"], ran)

    def assert_no_opinion(self, ran):
        self.assert_code(ran, 0)
        self.assertEqual(ran.out, b"", ran)

    def test_a_command_is_rewritten_and_runs_confined(self):
        for client in ("codex", "claude"):
            ran = self.ask(event("Bash", command="echo 'it'\"'\"'s'; id -u; cat /proc/1/comm", timeout=7), client)
            said = decision_of(ran.out)
            self.assertEqual(said["permissionDecision"], "allow", ran)
            self.assertEqual(said["updatedInput"]["timeout"], 7)
            command = said["updatedInput"]["command"]
            self.assertTrue(command.startswith(CONFIDE + " shell -- '"), command)
            done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
            self.assertEqual(done.stdout.splitlines()[0], "it's", done)

    def test_the_project_is_open_to_file_tools_and_the_rest_is_not(self):
        self.file("project/a.txt", "x")
        self.file("outside.txt", "x")
        os.symlink(self.base, "up")
        os.symlink(self.path("none"), "nowhere")
        os.symlink("/proc/self/environ", "environ")
        for name in ("a.txt", "./a.txt", self.path("project/a.txt"), "new/folder/b.txt"):
            self.assert_no_opinion(self.ask(event("Read", file_path=name)))
            self.assert_no_opinion(self.ask(event("Write", file_path=name, content="y")))
        for name in ("../outside.txt", "up/outside.txt", self.path("outside.txt"), "/etc/passwd", "/proc/self/environ", "environ", "/"):
            for tool in ("Read", "Write"):
                self.assert_denied(self.ask(event(tool, file_path=name)), "outside")
        self.assert_denied(self.ask(event("Write", file_path="nowhere")), "leads nowhere")
        self.assert_denied(self.ask(event("view_image", path="/etc/passwd"), "codex"), "outside")
        self.assert_denied(self.ask(event("apply_patch", command="*** Begin Patch\n*** Update File: up/outside.txt\n*** End Patch"), "codex"), "outside")

    def test_masked_names(self):
        self.file("project/.env", "TOKEN=CANARY-x")
        os.symlink(".env", "innocent")
        for name in (".env", "innocent", "./.env"):
            self.assert_denied(self.ask(event("Read", file_path=name)), "masked")
        self.assert_denied(self.ask(event("Grep", pattern="TOKEN")), ".env")
        self.assert_denied(self.ask(event("Write", file_path=".env.local", content="x")), "masked")
        self.assert_no_opinion(self.ask(event("Read", file_path=".env.example")))

    def test_what_runs_later_is_read_only(self):
        self.folder("project/.git/hooks")
        os.symlink(".git/hooks", "scripts")
        for name in (".git/hooks/pre-commit", "scripts/pre-commit", ".claude/settings.json", ".mcp.json", ".vscode/tasks.json"):
            self.assert_denied(self.ask(event("Write", file_path=name)), "read-only")
        home = os.path.expanduser("~")
        for name in ("~/.bashrc", home + "/.claude/settings.json", home + "/.config/confide/config.toml"):
            self.assert_denied(self.ask(event("Write", file_path=name)))

    def test_the_model_does_not_choose_the_project(self):
        self.folder("other/.git")
        for cwd in ("/", os.path.expanduser("~"), self.path("other"), self.base):
            self.assert_denied(self.ask(event("Bash", cwd=cwd, command="ls"), "codex"), "outside")
        self.folder("project/below")
        self.assertEqual(decision_of(self.ask(event("Bash", cwd=self.path("project/below"), command="ls"), "codex").out)["permissionDecision"], "allow")

    def test_claude_says_where_it_was_started(self):
        self.folder("other/.git")
        env = harness.environment(CLAUDE_PROJECT_DIR=self.path("other"))
        self.assert_no_opinion(self.ask(event("Read", cwd=self.path("other"), file_path="x"), env=env))
        self.assert_denied(self.ask(event("Read", file_path="x"), env=env), "outside")
        self.assert_denied(self.ask(event("Read", file_path="x"), env=harness.environment(CLAUDE_PROJECT_DIR="/none")), "session's folder")

    def test_other_tools_are_the_clients(self):
        self.assert_no_opinion(self.ask(event("WebFetch", url="https://example.org")))
        self.assert_no_opinion(self.ask(event("mcp__files__read", path="/etc/passwd")))

    def test_what_is_no_event_is_denied(self):
        for data in (b"", b"{", b"null", b"\xff", b'{"hook_event_name":"PreToolUse"}', b"[" * 100000,
                     json.dumps({**event("Bash", command="x"), "hook_event_name": "Stop"}).encode(),
                     json.dumps(event("Bash", command=["rm"])).encode(), json.dumps(event("Bash", command="a\0b")).encode(),
                     json.dumps(event("Bash", command="x" * 200000)).encode(), b'{"x":"' + b"y" * (33 << 20) + b'"}'):
            for client in ("codex", "claude"):
                self.assert_denied(self.ask(data, client), "confide: ")

    def in_other_home(self, home):
        """A command in front that puts another folder in the place of the account's home, for itself."""
        # mount(8) wants to be root, and confide is to see the account's own uid.
        back = ["unshare", "--user", f"--map-user={os.geteuid()}", f"--map-group={os.getegid()}"]
        # Programs that were built below the home stay where they are.
        own = pwd.getpwuid(os.geteuid()).pw_dir
        programs = os.path.dirname(CONFIDE)
        kept = os.path.relpath(programs, own) if programs.startswith(own + "/") else ""
        put = ('{ test -z "$3" || { mkdir -p "$1/$3" && mount --bind "$2/$3" "$1/$3"; }; } && '
               'mount --rbind "$1" "$2" && shift 3 && exec "$@"')
        return ["unshare", "--map-root-user", "--mount", "sh", "-c", put, "sh", home, own, kept, *back]

    def test_a_broken_policy_denies_file_tools_and_refuses_commands(self):
        self.folder("home/.config/confide")
        prefix = self.in_other_home(self.path("home"))
        config = "version = 1\n[profile.tool]\n"
        self.file("home/.config/confide/config.toml", config)
        self.assert_no_opinion(self.ask(event("Read", file_path="x"), prefix=prefix))
        self.file("home/.config/confide/config.toml", config + "netwrok = 'none'\n")
        self.assert_denied(self.ask(event("Read", file_path="x"), prefix=prefix), "config.toml:3", "network")
        command = decision_of(self.ask(event("Bash", command="echo ran"), prefix=prefix).out)["updatedInput"]["command"]
        done = subprocess.run([*prefix, "sh", "-c", command], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (123, ""), done)

    def test_its_own_deadline_denies(self):
        started = time.monotonic()
        process = subprocess.Popen([CONFIDE, "hook", "claude"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        out = process.stdout.read()  # the event never ends
        process.stdin.close()
        self.assertEqual(process.wait(), 0)
        process.stdout.close()
        self.assertEqual(decision_of(out)["permissionDecision"], "deny")
        self.assertLess(time.monotonic() - started, 9)

    def test_signals_and_crashes_deny(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT):
            process = subprocess.Popen([CONFIDE, "hook", "codex"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            status = f"/proc/{process.pid}/status"
            # Once it reads, its handlers stand.
            self.assertTrue(harness.wait_for(lambda: b"SigCgt:\t0000000000000000" not in pathlib.Path(status).read_bytes()))
            process.send_signal(number)
            out, _ = process.communicate(timeout=20)
            self.assertEqual(process.returncode, 0, number)
            self.assertEqual(decision_of(out)["permissionDecision"], "deny", number)

    def test_where_nothing_can_be_written_the_status_blocks(self):
        data = json.dumps(event("Bash", command="ls")).encode()
        with open("/dev/full", "wb") as full:
            self.assertEqual(subprocess.run([CONFIDE, "hook", "claude"], input=data, stdout=full, stderr=subprocess.DEVNULL).returncode, 2)
        self.assertEqual(subprocess.run([CONFIDE, "hook", "claude"], input=data, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode, 2)
        closed = subprocess.run(["sh", "-c", f"{CONFIDE} hook claude >&-"], input=data, stderr=subprocess.DEVNULL)
        self.assertEqual(closed.returncode, 2)

    def test_wrong_usage_blocks_too(self):
        for words in ((), ("gemini",), ("claude", "x"), ("--codex",)):
            self.assert_fails(harness.confide("hook", *words, stdin=b"{}"), 2, "hook takes the client's name")


if __name__ == "__main__":
    harness.main()
