"""What the memory of our own processes holds while a command runs: nothing of its secrets, once they are handed over.

Run by root, for a caller that is root and for one that is not. memfd_secret(2), which nobody can read, is refused to all
of them by a filter, so that the values lie in locked memory, where the search sees them. Every process of ours that is
alive is searched, every mapping and every memfd, for each value and for pieces of it, as it is and encoded.

What may hold something, by design:
- the supervisor, where output is masked: what its masker looks for, in memory that is locked and left out of dumps;
- confide-fetch, while a lease lives: the token that renews and revokes it (not the values);
- confide: what stands in the environment of the shell that called it.

The same search over a build whose wipe() does nothing (tests/support/no_wipe.cc) must find values: in the broker, and in
confide-fetch.
"""

import collections
import contextlib
import ctypes
import hashlib
import json
import os
import pwd
import shutil
import signal
import struct
import sys
import tempfile
import time

ENOSYS = 38
MEMFD_SECRET = 447


def refuse_memfd_secret():
    """A filter for this process and all it starts; without no_new_privs, which confide would take for a sandbox."""

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]

    load, if_equal, answer = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
    code = b"".join(struct.pack("HBBI", *one) for one in (
        (load, 0, 0, 0), (if_equal, 0, 1, MEMFD_SECRET), (answer, 0, 0, 0x00050000 | ENOSYS), (answer, 0, 0, 0x7FFF0000)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(22, 2, ctypes.byref(Program(4, code)), 0, 0) != 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise OSError(ctypes.get_errno(), "the filter")
    if libc.syscall(MEMFD_SECRET, 0) != -1 or ctypes.get_errno() != ENOSYS:
        raise AssertionError("memfd_secret is still to be had")


if sys.argv[1:2] == ["--as"]:  # --as UID CMD…: what each run is started through
    refuse_memfd_secret()
    account = pwd.getpwuid(int(sys.argv[2]))
    os.initgroups(account.pw_name, account.pw_gid)
    os.setresgid(*[account.pw_gid] * 3)
    os.setresuid(*[account.pw_uid] * 3)
    os.execv(sys.argv[3], sys.argv[3:])

import harness  # noqa: E402
import http_servers  # noqa: E402
from harness import need  # noqa: E402
from memory_search import Canary, mappings, memfds  # noqa: E402
from pty_test import Terminal  # noqa: E402

PROGRAMS = ("confide", "confide-broker", "confide-supervisor", "confide-fetch")
CONTROL = os.path.join(os.environ["CONFIDE_TEST_BIN_DIR"], "no-wipe")

# Has every value, by each delivery, or says which it lacks.
HOLDER = """
import hashlib, os, signal, sys
got = {}
for word in sys.argv[1:]:
    name, how, digest = word.split(":")
    if how == "env": value = os.environb[name.encode()]
    elif how == "file": value = open(os.environ[name + "_FILE"], "rb").read()
    elif how == "fd": value = os.read(int(os.environ[name + "_FD"]), 4096)
    else: value = sys.stdin.buffer.read()
    got[name] = hashlib.sha256(value).hexdigest() == digest
print("holding", "everything" if all(got.values()) else got, flush=True)
signal.pause()
"""

# Of a run with a lease: the broker with its spawner, a supervisor and a pid 1 for the command and for confide-fetch.
EXPECTED = {"confide": 1, "confide-broker": 2, "confide-supervisor": 2, "confide-supervisor as pid 1": 2, "confide-fetch": 1}


@need("openssl")
class Memory(harness.Case):
    @classmethod
    def setUpClass(cls):
        os.chmod(os.getcwd(), 0o755)
        certificates = cls.enterClassContext(tempfile.TemporaryDirectory(dir=os.getcwd()))
        cls.tls = http_servers.make_certificates(certificates)
        os.chmod(certificates, 0o755)
        cls.programs = {}
        for name, folder in (("wiping", harness.BIN), ("control", CONTROL)):
            # Where any user reaches them.
            cls.programs[name] = os.path.abspath(f"programs-{name}")
            os.makedirs(cls.programs[name], exist_ok=True)
            cls.addClassCleanup(shutil.rmtree, cls.programs[name])
            for program in PROGRAMS:
                shutil.copy(os.path.join(folder, program), cls.programs[name])

    def prepare(self, uid, key):
        """A home with a vault, a provider of the person's own, files and an HTTP server, each with a value of its own."""
        self.uid, self.account = uid, pwd.getpwuid(uid)
        self.canaries = {name: Canary(name, between='"') for name in ("env", "file", "fd", "stdin", "stored", "program", "fetched", "written", "part")}
        # Typed, or given to the provider: secrets too.
        self.passphrase, self.token = Canary("the passphrase"), Canary("the token")
        self.home = self.folder("home")
        os.makedirs(f"{self.home}/.config/confide/providers")
        self.file("home/.config/confide/providers/mine", f"#!/bin/sh\nprintf %s '{self.canaries['program'].value}'\n", 0o755)
        self.server = http_servers.Vault(self.tls[1], self.tls[2], canary=self.canaries["fetched"].value)
        self.addCleanup(self.server.close)
        self.server.tokens[self.token.value] = ""
        self.shell = harness.environment(HOME=self.home, USER=self.account.pw_name, LOGNAME=self.account.pw_name, VAULT_ADDR=self.server.address,
                                         VAULT_CACERT=self.tls[0], VAULT_TOKEN=self.token.value, PATH="/usr/bin:/bin")
        self.files = {name: self.file(f"{name}.secret", self.canaries[name].value, 0o600) for name in ("env", "file", "fd", "stdin", "stored", "part")}
        env_file = self.file("app.env", f"WRITTEN='{self.canaries['written'].value}'\nWHOLE=before-{{{{ file://{self.files['part']} }}}}-after\n", 0o600)
        for folder, _, names in os.walk(self.base):
            for path in (folder, *(os.path.join(folder, name) for name in names)):
                os.chown(path, self.account.pw_uid, self.account.pw_gid)
        with self.start("vault", "init", "--key", key) as terminal:
            if key == "passphrase":
                for question in ("New passphrase", "Again"):
                    terminal.expect(question)
                    terminal.type(self.passphrase.value + "\r")
            self.assertEqual(terminal.wait(), 0, terminal.text)
        with self.start("secret", "set", "STORED", "--from-file", self.files["stored"]) as terminal:
            self.unlock(terminal, key)
            self.assertEqual(terminal.wait(), 0, terminal.text)
        value = {name: canary.value for name, canary in self.canaries.items()}
        # What the command gets: name, how, reference, value. A dynamic secret's lease keeps confide-fetch alive.
        wanted = [("ENV", "env", f"file://{self.files['env']}", value["env"]), ("FILE", "file", f"file://{self.files['file']}", value["file"]),
                  ("FD", "fd", f"file://{self.files['fd']}", value["fd"]), ("STDIN", "stdin", f"file://{self.files['stdin']}", value["stdin"]),
                  ("STORED", "env", "confide://STORED", value["stored"]), ("PROGRAM", "fd", "exec:mine/some id", value["program"]),
                  ("FETCHED", "file", "vault://kv/app/db#password?version=2", value["fetched"]), ("LENT", "env", "vault://database/creds/app#password", f"{value['fetched']}-1")]
        self.options = [word for name, how, reference, _ in wanted for word in ("--secret", f"{name}={reference},deliver={how}")]
        self.options += ["--env-file", env_file]
        wanted += [("WRITTEN", "env", "", value["written"]), ("WHOLE", "env", "", f"before-{value['part']}-after")]
        self.holder = [harness.PYTHON, "-c", HOLDER, *(f"{name}:{how}:{hashlib.sha256(text.encode()).hexdigest()}" for name, how, _, text in wanted)]

    def start(self, *arguments):
        return Terminal([harness.PYTHON, "-B", os.path.abspath(__file__), "--as", str(self.uid), os.path.join(self.programs[self.build], "confide"), *arguments],
                        env=self.shell, columns=200)

    def unlock(self, terminal, key):
        if key == "passphrase":
            terminal.expect("Passphrase of the vault")
            terminal.type(self.passphrase.value + "\r")

    @contextlib.contextmanager
    def running(self, uid, key, build="wiping", options=()):
        """A run that holds everything; {pid: what it is} of the processes of ours."""
        self.build = build
        self.prepare(uid, key)
        with self.start("run", *options, *self.options, "--", *self.holder) as terminal:
            self.unlock(terminal, key)
            said = terminal.expect(r"holding ([^\r\n]*)\r?\n")
            self.assertEqual(said[1], b"everything")
            time.sleep(0.5)  # the hand-over is told, and a lease begins
            ours = self.processes_of(terminal.pid)
            self.assertEqual(dict(collections.Counter(ours.values())), EXPECTED, "what is not looked at is not known to be clean")
            yield ours
            os.kill(terminal.pid, signal.SIGTERM)
            self.assertTrue(harness.wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") and pid != terminal.pid for pid in ours)), "all of them end with the run")
            terminal.wait()

    def processes_of(self, confide):
        found = {}
        for pid in [confide, *harness.descendants(confide)]:
            with contextlib.suppress(FileNotFoundError):
                executable = os.readlink(f"/proc/{pid}/exe")
                if executable.startswith(self.programs[self.build] + "/"):
                    found[pid] = os.path.basename(executable) + (" as pid 1" if harness.pid_in_its_namespace(pid) == 1 else "")
        return found

    def findings(self, ours):
        """(what, whose, where, whether that memory is locked) of everything that is found."""
        found = set()
        secrets = [*self.canaries.values(), self.passphrase, self.token]
        needles = [(canary.name, piece) for canary in secrets for piece in canary.fragments()]
        for pid, who in ours.items():
            places = [(f"descriptor {number}", False, data) for number, data in memfds(pid).items()]
            places += [(mapping.name or "anonymous memory", mapping.is_locked, mapping.data) for mapping in mappings(pid)]
            for where, locked, data in places:
                if data.strip(b"\0"):
                    found.update((name, who, where, locked) for name, piece in needles if piece in data)
        return found

    @staticmethod
    def is_by_design(finding, masking):
        what, who, where, locked = finding
        if what == "the token":
            return who == "confide-fetch" or (who == "confide" and where == "[stack]")
        return masking and who == "confide-supervisor" and locked and what != "the passphrase"

    def assert_clean(self, uid, key, masking, options=()):
        with self.running(uid, key, options=options) as ours:
            found = self.findings(ours)
            self.assertEqual({finding for finding in found if not self.is_by_design(finding, masking)}, set())
            # That it is there to be seen: what is by design.
            self.assertIn(("the token", "confide", "[stack]", False), found)
            masked = {what for what, who, _, _ in found if who == "confide-supervisor"}
            # What stands in an environment file as a plain value is no secret, and is not looked for in output.
            self.assertEqual(masked, set(self.canaries) - {"written"} if masking else set())

    def test_masked(self):
        self.assert_clean(self.user(), "passphrase", masking=True)

    def test_unmasked(self):
        self.assert_clean(self.user(), "file", masking=False, options=["--no-masking"])

    def test_of_root(self):
        self.assert_clean(0, "passphrase", masking=True)

    def test_a_build_that_does_not_wipe_is_found_out(self):
        with self.running(self.user(), "passphrase", build="control", options=["--no-masking"]) as ours:
            found = self.findings(ours)
            by_process = {who: {what for what, whose, _, _ in found if whose == who} for who in EXPECTED}
            self.assertLessEqual(set(self.canaries), by_process["confide-broker"])
            self.assertLessEqual({"fetched", "the token"}, by_process["confide-fetch"])

    def test_a_kernel_without_memfd_secret_is_told(self):
        self.build = "wiping"
        self.prepare(self.user(), "file")
        with self.start("doctor", "--json") as terminal:
            self.assertIn(terminal.wait(), (0, 1), terminal.text)
            rows = {row["layer"]: row for row in json.loads(terminal.text)["layers"]}
            self.assertEqual(rows["secret-memory"]["works"], False)
            self.assertIn("locked memory", rows["secret-memory"]["lost"])
        ours = json.loads(harness.confide("doctor", "--json").out)["layers"]
        self.assertTrue(next(row for row in ours if row["layer"] == "secret-memory")["works"], "without the filter it is there")

    def user(self):
        name = os.environ.get("CONFIDE_TEST_USER")
        if not name:
            self.skipTest("no unprivileged user to run as: CONFIDE_TEST_USER (scripts/test makes one)")
        return pwd.getpwnam(name).pw_uid


if __name__ == "__main__":
    harness.main()
