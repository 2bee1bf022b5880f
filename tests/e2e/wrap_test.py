"""confide agent: what a wrapped agent keeps, what it loses, and what it cannot leave behind for later. Each attack first
succeeds outside."""

import contextlib
import os
import signal
import socket
import stat
import subprocess
import threading

import harness

CANARY = "CANARY-" + harness.new_token()
MEMBERS = (".husky", ".claude", ".codex", ".mcp.json", ".vscode", ".idea", ".envrc", ".git/modules", ".git/commondir")
# A process that means to: a user namespace of its own, in which nothing is mounted over the name any more. The descriptor
# is of before (docs/agent.md, masks).
UNDO = r"""
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
uid, gid = os.getuid(), os.getgid()
fd = os.open(".", os.O_PATH)
os.makedirs("sub/old", exist_ok=True)
if libc.unshare(0x10000000 | 0x00020000) != 0: sys.exit(f"unshare: {os.strerror(ctypes.get_errno())}")
for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
    open(f"/proc/self/{name}", "w").write(text)
sub = os.path.abspath("sub").encode()
def check(done, what):
    if done != 0: sys.exit(f"{what}: {os.strerror(ctypes.get_errno())}")
check(libc.mount(sub, sub, None, 4096 | 16384, None), "bind")
os.chdir(sub)
check(libc.syscall(155, b".", b"old"), "pivot_root")
os.chdir("/")
check(libc.umount2(b"/old", 2), "umount2")
{end}
"""
READ_BEHIND_A_MASK = """os.rename(".env", "sub/taken", src_dir_fd=fd, dst_dir_fd=fd)
print(open("/taken").read())"""
WRITE_BEHIND_A_PIN = """os.rename(".git", "sub/git", src_dir_fd=fd, dst_dir_fd=fd)
open("/git/hooks/pre-commit", "w").write("evil")
os.rename("sub/git", ".git", src_dir_fd=fd, dst_dir_fd=fd)"""


class Wrap(harness.Case):
    def setUp(self):
        super().setUp()
        self.home = self.folder("home")
        self.env = harness.environment(HOME=self.home, XDG_STATE_HOME=self.path("state"))
        self.git("init", "-q")
        for key, value in (("user.email", "a@b"), ("user.name", "n"), ("commit.gpgsign", "false")):
            self.git("config", key, value)
        self.file("project/a", "one\n")
        self.git("add", "a")
        self.git("commit", "-qm", "one")

    def git(self, *words):
        done = subprocess.run(["git", *words], cwd=self.project, env=self.env, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, f"git {words}: {done.stderr}")
        return done.stdout

    def outside(self, script, **more):
        return subprocess.run(["sh", "-c", script], cwd=self.project, env={**self.env, **more}, capture_output=True,
                              text=True, check=False)

    def agent(self, script, *options, env=None, **more):
        return harness.confide("agent", *options, "--", "sh", "-c", script, env={**self.env, **(env or {})}, **more)

    def left(self):
        """What stands in the project and is not the person's."""
        found = []
        for name in (*os.listdir(self.project), *(f".git/{n}" for n in os.listdir(".git"))):
            with contextlib.suppress(FileNotFoundError):  # gone while it was looked at
                mode = os.lstat(name).st_mode
                if stat.S_ISSOCK(mode) or mode & stat.S_ISVTX or name == ".git/commondir":
                    found.append(name)
        return sorted(found)

    # ---- kept

    def test_ends_with_the_commands_status_and_hands_its_streams_through(self):
        ran = self.agent("cat; echo said >&2; exit 7", "--quiet", stdin=b"given")
        self.assertEqual((ran.code, ran.out, ran.err), (7, b"given", b"said\n"))

    def test_the_project_can_be_worked_in(self):
        ran = self.agent("echo two > b && mkdir -p d/e && git checkout -q -b new && git add -A && git commit -qm two && git log --oneline")
        self.assert_code(ran, 0)
        self.assertEqual(len(ran.text.splitlines()), 2)
        self.assertEqual(self.git("ls-tree", "-r", "--name-only", "new").split(), ["a", "b"])

    def test_git_commit_and_switch_over_a_masked_file(self):
        self.file("project/.gitignore", ".env\n")
        self.git("add", ".gitignore")
        self.git("commit", "-qm", "ignore")
        self.git("branch", "other")
        self.file("project/.env", f"KEY={CANARY}\n")
        ran = self.agent("test ! -s .env && echo x >> a && git commit -qam x && git switch -q other && git switch -q - && git status --porcelain")
        self.assert_code(ran, 0)
        self.assertEqual(ran.text, "")
        with open(".env", encoding="utf-8") as text:
            self.assertEqual(text.read(), f"KEY={CANARY}\n")

    def test_state_of_the_agent_is_made_and_kept(self):
        for client, variable, folder in (("codex", "CODEX_HOME", ".codex"), ("claude", "CLAUDE_CONFIG_DIR", ".claude")):
            ran = self.agent(f"echo kept > ~/{folder}/login", "--for", client)
            self.assert_code(ran, 0)
            with open(f"{self.home}/{folder}/login", encoding="utf-8") as text:
                self.assertEqual(text.read(), "kept\n")
            moved = self.path(f"moved-{client}")
            ran = self.agent(f"echo kept > ${variable}/login; ls -a ~", "--for", client, env={variable: moved})
            self.assert_code(ran, 0)
            self.assertTrue(os.path.exists(f"{moved}/login"))
            self.assertNotIn(folder, ran.text.split(), "the state in the home is shown though another was named")

    def test_no_agent_sees_the_state_of_another(self):
        for name in (".codex", ".claude"):
            self.file(f"home/{name}.probe")
            self.folder(f"home/{name}")
        self.assertEqual(self.agent("ls -a ~", "--for", "codex", "--quiet").text.split(), [".", "..", ".codex"])
        self.assertEqual(self.agent("ls -a ~", "--for", "generic", "--quiet").text.split(), [".", ".."])

    # ---- lost

    def test_the_rest_of_the_home_and_credentials_of_the_environment(self):
        self.folder("home/.ssh")
        self.file("home/.ssh/id", CANARY)
        script = "cat ~/.ssh/id; echo $AWS_SECRET_ACCESS_KEY $OPENAI_API_KEY $PLAIN $DISPLAY"
        env = {"AWS_SECRET_ACCESS_KEY": f"a{CANARY}", "OPENAI_API_KEY": f"o{CANARY}", "PLAIN": "plain", "DISPLAY": ":7"}
        self.assertEqual(self.outside(script, **env).stdout, f"{CANARY}a{CANARY} o{CANARY} plain :7\n")
        ran = self.agent(script, env=env)
        self.assertEqual(ran.text, "plain\n")
        said = ran.err.decode()
        self.assertNotIn(CANARY, said)
        self.assertIn("AWS_SECRET_ACCESS_KEY", said)
        ran = self.agent(script, "--for", "codex", "--pass", "AWS_SECRET_ACCESS_KEY", env=env)
        self.assertEqual(ran.text, f"a{CANARY} o{CANARY} plain\n")
        self.assertIn("passed", ran.err.decode())
        ran = self.agent("true", "--pass", f"X={CANARY}")
        self.assert_fails(ran, 2, "--pass takes the name")
        self.assertNotIn(CANARY, ran.err.decode())

    def test_other_processes(self):
        with subprocess.Popen(["sleep", "60"], env={"SECRET": CANARY}) as victim:
            script = f"cat /proc/{victim.pid}/environ; kill -0 {victim.pid}; grep -sl {CANARY} /proc/[0-9]*/environ"
            # Empty for as long as its execve takes.
            found = harness.wait_for(lambda: self.outside(f"cat /proc/{victim.pid}/environ").stdout)
            ran = self.agent(script, "--quiet")
            victim.kill()
        self.assertIn(CANARY, found)
        # The script itself names the canary, in its command line and nowhere else.
        self.assertNotIn(f"SECRET={CANARY}", ran.text)
        self.assertIn("No such process", ran.err.decode())
        self.assertEqual([line for line in ran.text.splitlines() if line.endswith("/environ")], [])

    def test_sockets_of_the_host_but_by_a_power(self):
        path = os.path.join(self.base, "agent.sock")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        os.chmod(path, 0o777)
        os.chmod(self.base, 0o755)
        listener.listen()
        self.addCleanup(listener.close)
        listener.settimeout(60)
        accepting = threading.Thread(target=lambda: [listener.accept()[0].close() for _ in range(2)], daemon=True)
        accepting.start()
        self.addCleanup(accepting.join, 60)
        connect = f"{harness.PYTHON} -c 'import os,socket; socket.socket(socket.AF_UNIX).connect(os.environ.get(\"SSH_AUTH_SOCK\") or \"{path}\")'"
        self.assertEqual(self.outside(connect, SSH_AUTH_SOCK=path).returncode, 0)
        ran = self.agent(connect, env={"SSH_AUTH_SOCK": path})
        self.assertEqual(ran.code, 1)
        self.assertIn("FileNotFoundError", ran.err.decode())
        ran = self.agent(connect, "--power", "ssh-agent", env={"SSH_AUTH_SOCK": path})
        self.assert_code(ran, 0)
        self.assertIn("POWER             ssh-agent: the agent signs in as you", ran.err.decode())
        self.assert_fails(self.agent("true", "--power", "ssh-agent", "--quiet"), 123, "SSH_AUTH_SOCK")
        self.assert_fails(self.agent("true", "--power", "ssh"), 2, "ssh-agent, docker")

    # ---- what runs later outside

    def test_what_decides_what_runs_outside_cannot_be_changed_or_swapped(self):
        self.folder("project/.git/hooks")
        attacks = {
            "a hook": "echo x > .git/hooks/pre-commit",
            "the configuration": "git config core.fsmonitor /tmp/evil",
            "a swap of .git": "mv .git .git2",
            "a swap of hooks": "mv .git/hooks .git/hooks2",
            "removal": "rm -r .git/hooks",
            **{name: f"mkdir {name}" for name in MEMBERS if name != ".git/modules"},
            "a link in place": "ln -s /tmp .vscode",
            "another common folder": "mkdir evil && echo ../evil > .git/commondir",
            "the policy": "echo 'version = 1' > confide.toml",
        }
        for name, script in attacks.items():
            with self.subTest(name):
                copy = self.path("copy")
                subprocess.run(["cp", "-a", self.project, copy], check=True)
                done = subprocess.run(["sh", "-c", script], cwd=copy, env=self.env, capture_output=True, check=False)
                subprocess.run(["rm", "-rf", copy], check=True)
                self.assertEqual(done.returncode, 0, f"outside this does not succeed: {done.stderr}")
                ran = self.agent(script, "--quiet")
                self.assertNotEqual(ran.code, 0, ran)
                self.assertRegex(ran.err.decode(), "Read-only|busy|exists|Not a directory|No such device")
                self.assertNotIn("was changed", ran.err.decode())
        self.assertEqual(self.left(), [])

    def test_nothing_is_left_behind_by_a_kill_either(self):
        with harness.Background("agent", "--", "sh", "-c", "echo up; sleep 60", env=self.env) as running:
            self.assertEqual(running.line(), "up")
            self.assertIn(".husky", self.left())
            running.signal(signal.SIGKILL)
            running.wait()
            self.assertEqual(harness.wait_for(lambda: [self.left()] if not self.left() else None), [[]])

    def test_two_runs_in_one_project_share_what_covers(self):
        with harness.Background("agent", "--", "sh", "-c", "echo up; read x; mkdir .husky", env=self.env,
                                stdin=subprocess.PIPE) as first:
            first.line()
            self.assertNotEqual(self.agent("mkdir .husky", "--quiet").code, 0)
            self.assertIn(".husky", self.left(), "the second run took away what the first one needs")
            first.process.stdin.write(b"\n")
            first.process.stdin.close()
            self.assertNotEqual(first.wait(), 0)
        self.assertEqual(self.left(), [])
        self.assertFalse(os.path.exists(".husky"))

    def test_a_change_by_whoever_is_reported(self):
        self.folder("project/.git/hooks")
        with harness.Background("agent", "--for", "codex", "--", "sh", "-c", "echo up; echo x > ~/.codex/config.toml; read x",
                                env=self.env, stdin=subprocess.PIPE) as running:
            running.line()
            self.file("project/.git/hooks/pre-commit", "#!/bin/sh\n")
            running.process.stdin.close()
            running.wait()
            said = running.process.stderr.read().decode()
        self.assertIn(f"during the run {self.project}/.git/hooks was changed", said)
        self.assertIn(f"during the run {self.home}/.codex/config.toml was made", said)
        self.assertNotIn("config.toml was", self.agent("true", "--for", "codex").err.decode())

    # ---- masks and inner sandboxes

    def test_a_masked_file_that_holds_values_is_said_with_the_cure(self):
        self.file("project/.env", f"API_KEY=sk-proj-{CANARY}abcdefghijklmnopqrstuvwxyz\n")
        said = self.agent("cat .env").err.decode()
        self.assertIn(f"{self.project}/.env holds values (API_KEY)", said)
        self.assertIn("confide env import --rewrite", said)
        self.assertNotIn(CANARY, said)
        self.file("project/.env", "API_KEY=op://vault/item/field\n")
        self.assertNotIn("holds values", self.agent("cat .env").err.decode())

    def test_a_user_namespace_gets_behind_a_mask_unless_none_can_be_made(self):
        self.file("project/.env", CANARY)
        self.file("project/undo.py", UNDO.replace("{end}", READ_BEHIND_A_MASK))
        plain = self.agent(f"cat .env; {harness.PYTHON} undo.py", "--quiet")
        self.assertIn(CANARY, plain.text, f"the limit that docs/agent.md states is not there: say so\n{plain}")
        os.rename("sub/taken", ".env")
        refused = self.agent(f"cat .env; {harness.PYTHON} undo.py; unshare -Ur true", "--quiet", "--no-inner-sandbox")
        self.assertNotIn(CANARY, refused.text)
        self.assertIn("No space left on device", refused.err.decode())
        self.assertNotEqual(refused.code, 0)

    def test_a_user_namespace_gets_behind_what_is_read_only_unless_none_can_be_made_and_it_is_told(self):
        self.folder("project/.git/hooks")
        hook = self.path("project/.git/hooks/pre-commit")
        self.file("project/undo.py", UNDO.replace("{end}", WRITE_BEHIND_A_PIN))
        plain = self.agent("echo evil > .git/hooks/pre-commit; mv .git g; true", "--quiet")
        self.assert_code(plain, 0)
        self.assertFalse(os.path.exists(hook))
        ran = self.agent(f"{harness.PYTHON} undo.py")
        self.assertTrue(os.path.exists(hook), f"the limit that docs/agent.md states is not there: say so\n{ran}")
        said = ran.err.decode()
        self.assertIn("a process that means to can undo masks and what is read-only by one; --no-inner-sandbox", said)
        self.assertIn(f"during the run {self.project}/.git/hooks was changed", said)
        os.unlink(hook)
        refused = self.agent(f"{harness.PYTHON} undo.py", "--no-inner-sandbox")
        self.assertFalse(os.path.exists(hook))
        self.assertIn("No space left on device", refused.err.decode())
        self.assertNotIn("during the run", refused.err.decode())

    def test_a_state_folder_that_the_project_lacks_is_private_and_gone_with_the_run(self):
        ran = self.agent("ls -A .claude .vscode && echo x > .claude/settings.json && cat .claude/settings.json && ! mv .claude c && ! rmdir .claude && ! touch .vscode/x",
                         "--quiet")
        self.assert_code(ran, 0)
        self.assertIn("x\n", ran.text)
        self.assertEqual(self.left(), [])
        self.assertFalse(os.path.lexists(".claude"))
        os.mkdir(".claude")
        self.assertNotEqual(self.agent("touch .claude/x", "--quiet").code, 0)
        self.assertEqual(os.listdir(".claude"), [])
        self.assert_code(self.agent("touch .claude/x", "--quiet", "--write", ".claude"), 0)
        self.assertEqual(os.listdir(".claude"), ["x"])

    def test_an_inner_sandbox_starts_and_nothing_beyond_it(self):
        harness.need("bwrap")
        bwrap = "bwrap --unshare-user --unshare-pid --unshare-net --ro-bind / / --dev /dev --proc /proc true"
        ran = self.agent(bwrap, "--quiet")
        self.assert_code(ran, 0)
        self.assertNotEqual(self.agent(bwrap, "--quiet", "--no-inner-sandbox").code, 0)

    def test_what_is_no_agents_profile_is_refused(self):
        self.assert_fails(self.agent("true", "--profile", "tool"), 2, "extends agent")
        self.assert_fails(self.agent("true", "--for", "cursor"), 2, "codex, claude, generic")
        self.assert_fails(harness.confide("agent", env=self.env), 2, "no agent given")
        plan = self.agent("true", "--dry-run")
        self.assert_code(plan, 0)
        self.assertIn("cover", plan.text)
        self.assertEqual(self.left(), [])


if __name__ == "__main__":
    harness.main()
