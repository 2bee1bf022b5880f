"""Where a layer cannot be had: the run says what it lost, or is refused, and never anything between.

The outer sandbox is bubblewrap: without user namespaces within (as in Codex's or Claude Code's own sandbox and in many
containers), or with something mounted over part of /proc (as in every container).
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import unittest.mock

import harness
from harness import environment, run

BWRAP = ["/usr/bin/bwrap", "--dev-bind", "/", "/", "--die-with-parent"]
NO_USERNS = [*BWRAP, "--proc", "/proc", "--unshare-user", "--unshare-pid", "--disable-userns"]
MASKED_PROC = [*BWRAP, "--proc", "/proc", "--unshare-user", "--unshare-pid", "--tmpfs", "/proc/sys/kernel"]


def works(prefix):
    return os.path.exists(prefix[0]) and subprocess.run([*prefix, "true"], env=environment(), capture_output=True, check=False).returncode == 0


def layers_of(ran):
    return {row["layer"]: row for row in ran.event("layers")["layers"]}


@unittest.skipUnless(works(NO_USERNS), "bubblewrap makes no sandbox without user namespaces here")
class WithoutUserNamespaces(harness.Case):
    def inside(self, *command, **more):
        return run(*command, prefix=NO_USERNS, **more)

    def test_the_outer_sandbox_is_one(self):
        """Without confide: no user namespace to be had."""
        ran = subprocess.run([*NO_USERNS, "unshare", "--user", "true"], env=environment(), capture_output=True, check=False)
        self.assertNotEqual(ran.returncode, 0)

    def test_it_runs_and_says_what_is_lost(self):
        ran = self.inside("echo", "ran", status=True)
        self.assert_code(ran, 0)
        self.assertEqual(ran.text, "ran\n", ran)
        layers = layers_of(ran)
        for name in ("namespaces", "own-proc"):
            self.assertFalse(layers[name]["applied"], ran)
            self.assertTrue(layers[name]["note"], ran)
        for name in ("landlock", "seccomp", "network"):
            self.assertTrue(layers[name]["applied"], ran)

    def test_no_statement_is_false(self):
        """No `layers` event may claim a layer that the run did not have."""
        ran = self.inside("true", status=True)
        for event in ran.events:
            for row in event.get("layers", []):
                self.assertFalse(row["layer"] == "namespaces" and row["applied"], ran)

    def test_the_plan_says_so_too(self):
        for arguments in (["run", "--dry-run", "--json"], ["explain", "--json"]):
            ran = harness.confide(*arguments, "--", "true", prefix=NO_USERNS)
            self.assert_code(ran, 0)
            plan = json.loads(ran.out)
            found = {row["layer"]: row["applied"] for row in plan["layers"]}
            self.assertFalse(found["namespaces"], ran)
            self.assertNotIn("clone", [step["step"] for step in plan["steps"]][1:], ran)

    def test_doctor_says_so_too(self):
        ran = harness.confide("doctor", "--json", prefix=NO_USERNS)
        rows = {row["layer"]: row for row in json.loads(ran.out)["layers"]}
        self.assertFalse(rows["namespaces"]["works"], ran)
        self.assertTrue(rows["namespaces"]["detail"] and rows["namespaces"]["lost"], ran)
        self.assert_code(ran, 1)

    def test_landlock_holds_the_files(self):
        outside = self.file("outside.txt", "outside\n")
        home = os.path.expanduser(f"~/confide-{harness.new_token()}")
        with open(home, "w", encoding="utf-8") as file:
            file.write("in the home\n")
        self.addCleanup(os.unlink, home)
        script = f"cat {outside}; cat {home}; ls ~; echo x > {home}; echo x > /var/tmp/confide-x; echo x > {self.base}/made; echo fine > in-project && cat in-project"
        ran = self.inside("sh", "-c", script)
        self.assert_code(ran, 0)
        self.assertEqual(ran.text, "fine\n", ran)
        self.assertFalse(os.path.exists("/var/tmp/confide-x") or os.path.exists(self.path("made")))

    def test_no_network(self):
        ran = self.inside(harness.PYTHON, "-c", "import socket\nfor f in (socket.AF_INET, socket.AF_INET6, 16):\n  try: socket.socket(f, socket.SOCK_DGRAM); print('made')\n  except OSError as e: print(e.errno)\nsocket.socketpair()")
        self.assert_code(ran, 0)
        self.assertNotIn("made", ran.text, ran)

    def test_the_same_process_rules(self):
        ran = self.inside("sh", "-c", "grep -E '^(NoNewPrivs|Seccomp|CapEff|CapBnd):' /proc/self/status || true; unshare -r true; echo $?")
        self.assert_code(ran, 0)
        self.assertNotEqual(ran.text.split()[-1], "0", ran)

    def test_codes_and_signals(self):
        self.assert_code(self.inside("sh", "-c", "exit 42"), 42)
        self.assert_code(self.inside("sh", "-c", "kill -9 $$"), 137)
        self.assert_fails(self.inside("no-such-command"), 127, "not found")
        self.assert_fails(self.inside("sleep", "600", options=["--timeout", "500ms"]), 124)

    def test_nothing_outlives_it(self):
        """Without a pid namespace the descendants are looked for, daemons too."""
        token = harness.new_token()
        ran = self.inside("sh", "-c", f"setsid sh -c ': {token}; (trap \"\" TERM HUP; while :; do sleep 0.2; done) & ' >/dev/null 2>&1 & sleep 0.3; echo done")
        self.assert_code(ran, 0)
        self.assertTrue(harness.wait_for(lambda: not harness.processes_with(token), 10), harness.processes_with(token))

    def test_programs_run(self):
        for command in (["git", "--version"], [harness.PYTHON, "-c", "import subprocess, threading; print(subprocess.check_output(['id', '-u']))"], ["bash", "-c", "cat <<<here | tr a-z A-Z"],
                        ["perl", "-e", "print 1"]):
            self.assert_code(self.inside(*command), 0)

    def test_own_process_is_seen(self):
        """What every runtime looks at: its own entry of /proc."""
        ran = self.inside("sh", "-c", "readlink /proc/self/exe && ls /proc/self/fd && cat /proc/self/stat /proc/cpuinfo /proc/meminfo > /dev/null")
        self.assert_code(ran, 0)

    def test_a_profile_that_requires_them(self):
        self.file("project/strict.toml", 'version = 1\n[profile.strict]\nextends = "tool"\n[profile.strict.layers]\nnamespaces = "required"\n')
        strict = ["--policy", "strict.toml", "--profile", "strict"]
        self.assert_code(run("true", options=strict), 0)  # the same, outside
        ran = self.inside("touch", "launched", options=strict)
        self.assert_fails(ran, 125, "strict", "namespaces")
        self.assertFalse(os.path.exists("launched"), "nothing is launched")
        ran = self.inside("touch", "launched", options=["--profile", "agent"])
        self.assert_fails(ran, 125, "agent", "namespace")
        self.assertFalse(os.path.exists("launched"))

    def test_what_it_cannot_do_is_refused(self):
        """A file delivery, a hidden path inside a visible one: 125 or 123 with the reason, never half of it."""
        ran = self.inside("cat", "seen", options=["--hide", self.file("project/seen", "to be hidden\n")])
        self.assertNotIn("to be hidden", ran.text, ran)
        self.assertNotEqual(ran.code, 0, ran)

    def test_secrets_refuse(self):
        for _ in range(5):
            ran = self.inside("echo", "launched", options=self.secret("TOKEN", "a value"))
            self.assert_fails(ran, 123, "inside a sandbox")
            self.assertEqual(ran.out, b"", ran)


@unittest.skipUnless(works([*BWRAP, "--proc", "/proc", "--unshare-user", "--unshare-pid"]), "bubblewrap makes no sandbox here")
class InsideASandbox(harness.Case):
    """A child user namespace that still allows more of them."""

    PREFIX = [*BWRAP, "--proc", "/proc", "--unshare-user", "--unshare-pid"]

    def test_secrets_refuse(self):
        """Every time, and by name: not by the luck of a race."""
        for _ in range(10):
            ran = run("echo", "launched", prefix=self.PREFIX, options=self.secret("TOKEN", "a value"))
            self.assert_fails(ran, 123, "inside a sandbox")
            self.assertEqual(ran.out, b"", ran)

    def test_plain_runs_nest(self):
        ran = run("echo", "nested", prefix=self.PREFIX, status=True)
        self.assert_code(ran, 0)
        self.assertTrue(layers_of(ran)["namespaces"]["applied"], ran)

    def test_in_confides_own(self):
        """confide within confide: profile tool has the fallback, and secrets refuse."""
        options = ["--read", harness.BIN]
        inner = [harness.CONFIDE, "run"]
        ran = run(*inner, "--", "echo", "nested", options=options)
        self.assert_code(ran, 0)
        self.assertEqual(ran.text, "nested\n", ran)
        ran = run("sh", "-c", f"echo value > s; exec {' '.join(inner)} --secret TOKEN=file://$PWD/s -- echo launched", options=options)
        self.assert_fails(ran, 123, "inside a sandbox")

    def test_in_a_landlock_domain(self):
        """A domain alone, without any namespace."""
        script = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
attributes = struct.pack("QQQ", 0, 0, 1)  # scoped: abstract unix sockets
ruleset = libc.syscall(444, attributes, len(attributes), 0)
if ruleset < 0: sys.exit(77)
libc.prctl(38, 1, 0, 0, 0)
if libc.syscall(446, ruleset, 0) != 0: sys.exit(78)
os.execv(sys.argv[1], sys.argv[1:])
"""
        ran = run("echo", "launched", prefix=[harness.PYTHON, "-c", script], options=self.secret("TOKEN", "a value"))
        if ran.code == 77:
            self.skipTest("no Landlock scopes in this kernel")
        self.assert_fails(ran, 123, "inside a sandbox")

    def test_no_new_privileges_alone(self):
        """setpriv --no-new-privs is no sandbox that could read a sibling; refusing it is allowed, half of it is not."""
        ran = run("true", prefix=["/usr/bin/setpriv", "--no-new-privs"], options=self.secret("TOKEN", "a value"))
        self.assertIn(ran.code, (0, 123), ran)


@unittest.skipUnless(works(MASKED_PROC), "bubblewrap mounts nothing over /proc here")
class MaskedProc(harness.Case):
    def test_own_proc_is_lost_and_said_to_be(self):
        ran = run("sh", "-c", "echo ran", prefix=MASKED_PROC, status=True)
        self.assert_code(ran, 0)
        lost = [row["layer"] for event in ran.events for row in event.get("layers", []) if not row["applied"]]
        lost += [event["layer"] for event in ran.events if event.get("event") == "layer-lost"]
        self.assertIn("own-proc", lost, ran)

    def test_foreign_processes_stay_closed(self):
        """The outer procfs shows their names; memory and environment stay closed."""
        canary = f"CANARY-{harness.new_token()}"
        with subprocess.Popen(["sleep", "600"], env=environment(MARK=canary)) as victim:
            try:
                # Empty for as long as its execve takes.
                outside = harness.wait_for(pathlib.Path(f"/proc/{victim.pid}/environ").read_text)
                ran = run("sh", "-c", "cat /proc/[0-9]*/environ; ls /proc/[0-9]*/fd/ > /dev/null; true", prefix=MASKED_PROC)
            finally:
                victim.kill()
        self.assertIn(canary, outside)
        self.assertNotIn(canary, ran.text, ran)

    def test_a_profile_that_requires_it(self):
        self.file("project/strict.toml", 'version = 1\n[profile.strict]\nextends = "tool"\n[profile.strict.layers]\nown-proc = "required"\n')
        ran = run("touch", "launched", options=["--policy", "strict.toml", "--profile", "strict"], prefix=MASKED_PROC)
        self.assert_fails(ran, 125, "own-proc")
        self.assertFalse(os.path.exists("launched"))
        self.assert_code(run("true", options=["--policy", "strict.toml", "--profile", "strict"]), 0)


# A user's own files need no idmapped mount, and a filter without no_new_privs, which looks like a sandbox, is root's.
if harness.AS_ROOT:

    class NamespacesSwitchedOff(harness.Case):
        PREFIX = [harness.PYTHON, "-B", os.path.join(os.path.dirname(os.path.abspath(__file__)), "without_namespaces.py")]

        def setUp(self):
            # Without a mount of the launcher's the sandbox's uid goes there by itself.
            with unittest.mock.patch.object(tempfile, "tempdir", "/var/tmp"):
                super().setUp()

        def test_there_are_none(self):
            ran = subprocess.run([*self.PREFIX, "unshare", "--user", "true"], env=environment(), capture_output=True, check=False)
            self.assertNotEqual(ran.returncode, 0)

        def test_what_is_left_behind_ends_with_the_command(self):
            """It may hold the output open, and a secret."""
            options = self.secret("TOKEN", "of no interest")
            token = harness.new_token()
            ran = run("sh", "-c", f"exec 3>&1; setsid {harness.PYTHON} -c 'import time; time.sleep(600)' {token} & echo main", options=options,
                      prefix=self.PREFIX, limit=30)
            self.assert_code(ran, 0)
            self.assertEqual(ran.text, "main\n", ran)
            self.assertFalse(harness.processes_with(token))

        def test_what_stays_writable_is_said_or_refused(self):
            self.folder("project/sub")
            ran = run("true", options=["--protect"], prefix=self.PREFIX)
            self.assert_code(ran, 0)
            self.assertTrue(any("not protected" in line and ".git/hooks" in line for line in ran.errors), ran)
            ran = run("true", options=["--read", self.path("project/sub")], prefix=self.PREFIX)
            self.assert_fails(ran, 125, self.path("project/sub"), "read-only", "mount namespace")
            self.assert_code(run("true", options=["--read", self.path("project/sub")]), 0)

    class SomeFilesCannotBeIdmapped(harness.Case):
        """ramfs has no idmapped mounts; the project's file system has."""

        def setUp(self):
            super().setUp()
            os.chmod(self.folder("closed"), 0o700)
            self.ram = self.folder("closed/ram")
            script = 'mount -t ramfs none "$1" && chmod 0755 "$1" && echo theirs >"$1/file" && shift && exec "$@"'
            self.around = {"prefix": ["unshare", "--mount", "sh", "-c", script, "sh", self.ram]}

        def test_the_others_still_are(self):
            options = ["--read", self.ram]
            ran = run("sh", "-c", f"cat {self.ram}/file && touch made && stat -c %u {self.ram}/file made", options=options, status=True, **self.around)
            self.assert_code(ran, 0)
            theirs, owner_there, owner_here = ran.text.split()
            self.assertEqual(theirs, "theirs", ran)
            self.assertNotEqual(owner_there, owner_here, "root's on one file system, the sandbox's own on the other")
            self.assertEqual(os.stat("made").st_uid, 0)
            row = layers_of(ran)["idmap"]
            self.assertFalse(row["applied"], ran)
            self.assertIn(self.ram, row["note"], ran)

        def test_a_profile_that_requires_it(self):
            self.file("project/strict.toml", 'version = 1\n[profile.strict]\nextends = "tool"\n[profile.strict.layers]\nidmap = "required"\n')
            options = ["--policy", "strict.toml", "--profile", "strict"]
            ran = run("touch", "launched", options=[*options, "--read", self.ram], **self.around)
            self.assert_fails(ran, 125, "idmap", self.ram)
            self.assertFalse(os.path.exists("launched"))
            self.assert_code(run("true", options=options, **self.around), 0)


if __name__ == "__main__":
    harness.main()
