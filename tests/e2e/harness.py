"""What the end-to-end suites of the command line share: running `confide`, watching what it leaves, judging a suite.

A suite is a unittest module that ends with `harness.main()`. It runs over the programs in CONFIDE_BIN_DIR, as whoever
runs it (scripts/testing/run-as), in a folder of its own.
"""

import contextlib
import ctypes
import dataclasses
import functools
import json
import os
import pwd
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BIN = os.environ.get("CONFIDE_BIN_DIR") or sys.exit("CONFIDE_BIN_DIR names no folder of programs")
CONFIDE = os.path.join(BIN, "confide")
PYTHON = "/usr/bin/python3"
LIMIT_SECONDS = 90  # nothing here takes a tenth of it on an idle machine
AS_ROOT = os.geteuid() == 0
NIGHTLY = os.environ.get("CONFIDE_NIGHTLY") == "1"

# Lines of standard error that are no error.
NOTICES = (
    "confide: output is not masked",
    "confide: env: takes a value that every process of yours can already read",
)


def environment(**more):
    """A person's shell, without anything of the suite's own. A value of None takes a variable out."""
    account = pwd.getpwuid(os.geteuid())
    variables = {
        "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": account.pw_dir,
        "USER": account.pw_name,
        "LOGNAME": account.pw_name,
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        **more,
    }
    return {name: value for name, value in variables.items() if value is not None}


@dataclasses.dataclass
class Ran:
    argv: list
    code: int  # negative: killed by that signal
    out: bytes
    err: bytes
    events: list  # of --status-fd
    seconds: float

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")

    @property
    def errors(self):
        """What standard error says, without notices."""
        lines = self.err.decode("utf-8", "replace").splitlines()
        return [line for line in lines if not line.startswith(NOTICES)]

    def event(self, name):
        """The last event of that name, or None."""
        found = [event for event in self.events if event.get("event") == name]
        return found[-1] if found else None

    def __str__(self):
        return f"{self.argv!r}\n  exit {self.code}\n  stdout {self.out[:2000]!r}\n  stderr {self.err[:2000]!r}\n  events {self.events}"


def confide(*arguments, stdin=None, env=None, cwd=None, status=False, limit=LIMIT_SECONDS, pass_fds=(), prefix=(), **popen):
    """Runs confide to its end. `stdin` is bytes, a descriptor, or nothing (/dev/null); `prefix` is a command in front."""
    arguments = list(arguments)
    reader = writer = None
    if status:
        reader, writer = os.pipe()
        arguments[1:1] = ["--status-fd", str(writer)]
        pass_fds = (*pass_fds, writer)
    argv = [*prefix, CONFIDE, *arguments]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True, **popen}
    data = stdin if isinstance(stdin, bytes) else None
    options["stdin"] = subprocess.PIPE if data is not None else subprocess.DEVNULL if stdin is None else stdin
    started = time.monotonic()
    process = subprocess.Popen(argv, env=env or environment(), cwd=cwd, pass_fds=pass_fds, **options)
    if status:
        os.close(writer)
    try:
        out, err = process.communicate(data, timeout=limit)
    except subprocess.TimeoutExpired:
        out, err = _end(process)
        raise AssertionError(f"{argv!r} did not end within {limit} s\n  stdout {out!r}\n  stderr {err!r}") from None
    finally:
        lines = b""
        if status:
            with os.fdopen(reader, "rb") as file:
                lines = file.read()
    events = [json.loads(line) for line in lines.splitlines()]
    return Ran(argv, process.returncode, out or b"", err or b"", events, time.monotonic() - started)


def _end(process):
    """Kills a process with all that stands below it, which may hold its pipes open."""
    doomed = [process.pid, *descendants(process.pid)]
    for pid in doomed:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.communicate(timeout=10)
    return b"", b""


def run(*command, options=(), **more):
    """confide run OPTIONS -- COMMAND"""
    return confide("run", *options, "--", *command, **more)


def wait_for(condition, seconds=20.0, every=0.02):
    """The first true value of `condition`, or its last one when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() >= deadline:
            return value
        time.sleep(every)


def new_token():
    return secrets.token_hex(8)


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def processes():
    """{pid: (state, ppid, name, cmdline)} of everything that /proc shows."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        stat = _read(f"/proc/{entry}/stat")
        if not stat:
            continue
        name, rest = stat[stat.find(b"(") + 1 :].rsplit(b") ", 1)
        fields = rest.split()
        found[int(entry)] = (fields[0].decode(), int(fields[1]), name.decode("utf-8", "replace"),
                             _read(f"/proc/{entry}/cmdline"))
    return found


def processes_with(token):
    """Pids whose command line holds the token, zombies and this process left out."""
    needle = token.encode()
    return [pid for pid, (state, _, _, cmdline) in processes().items()
            if needle in cmdline and state != "Z" and pid != os.getpid()]


def descendants(root):
    """{pid: name} of everything below `root`."""
    table = processes()
    found = {}
    grown = True
    while grown:
        grown = False
        for pid, (state, parent, name, _) in table.items():
            if pid not in found and state != "Z" and (parent == root or parent in found):
                found[pid] = name
                grown = True
    return found


def pid_in_its_namespace(pid):
    """A process's number in its own pid namespace; None where it is gone."""
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith(b"NSpid:"):
            return int(line.split()[-1])
    return None


def mounts():
    """The mounts of this namespace, without their numbers."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        return {line.split(" ", 3)[3] for line in file}


def become_subreaper():
    """From here on whatever a test starts and loses becomes this process's child: orphans can be counted exactly."""
    if ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0) != 0:  # PR_SET_CHILD_SUBREAPER
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def reap_orphans(seconds):
    """Waits until this process has no child left; the pids of those that are still there when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return []
        if pid != 0:
            continue
        if time.monotonic() >= deadline:
            return sorted(descendants(os.getpid()).items())
        time.sleep(0.005)


class Case(unittest.TestCase):
    """A test with a project of its own to run in; it goes away afterwards."""

    maxDiff = None

    def setUp(self):
        self.base = tempfile.mkdtemp(prefix="case.")
        self.addCleanup(self._remove_base)
        os.chmod(self.base, 0o755)
        self.project = self.folder("project")
        self.folder("project/.git")
        before = os.getcwd()
        os.chdir(self.project)
        self.addCleanup(os.chdir, before)

    def _remove_base(self):
        shutil.rmtree(self.base, ignore_errors=True)
        if os.path.exists(self.base):
            raise AssertionError(f"something in {self.base} cannot be removed")

    def path(self, name):
        return os.path.join(self.base, name)

    def folder(self, name):
        os.makedirs(self.path(name), exist_ok=True)
        return self.path(name)

    def file(self, name, content=b"", mode=0o644):
        data = content.encode() if isinstance(content, str) else content
        with open(self.path(name), "wb") as file:
            file.write(data)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def secret(self, name, value, **option):
        """--secret NAME=file://… for a file that holds the value."""
        path = self.file(f"{name}.secret", value, 0o600)
        return ["--secret", f"{name}=file://{path}" + "".join(f",{key}={text}" for key, text in option.items())]

    def assert_code(self, ran, code):
        self.assertEqual(ran.code, code, ran)

    def assert_fails(self, ran, code, *words):
        """That exit status, one line that says why, and every word in it."""
        self.assert_code(ran, code)
        self.assertEqual(len(ran.errors), 1, f"an error is one line\n{ran}")
        self.assertTrue(ran.errors[0].startswith("confide: "), ran)
        for word in words:
            self.assertIn(word, ran.errors[0], ran)


def each_form(test):
    """Runs a test method twice: with the options of a run without secrets, then of one with a secret."""

    @functools.wraps(test)
    def wrapped(self):
        for name, options in (("plain", []), ("secrets", self.secret("SOME", "of no interest"))):
            with self.subTest(run=name):
                test(self, options)

    return wrapped


class Background:
    """A running confide, ended with the block. Its stdout and stderr are pipes unless told otherwise."""

    def __init__(self, *arguments, env=None, **popen):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True, **popen}
        self.process = subprocess.Popen([CONFIDE, *arguments], env=env or environment(), **options)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            _end(self.process)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def line(self, seconds=30.0):
        """The next line of standard output."""
        data = b""
        deadline = time.monotonic() + seconds
        fd = self.process.stdout.fileno()
        while not data.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                raise AssertionError(f"no line within {seconds} s, only {data!r}")
            byte = os.read(fd, 1)
            if not byte:
                raise AssertionError(f"standard output ended after {data!r}; {self.process.stderr.read() if self.process.stderr else ''!r}")
            data += byte
        return data.decode("utf-8", "replace").rstrip("\n")

    def signal(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds=30.0):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"confide did not end within {seconds} s") from None


def need(*programs):
    """Skips a test where a program is missing; run-as makes that a failure where everything must work."""
    search = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    missing = [program for program in programs if shutil.which(program, path=search) is None]
    return unittest.skipIf(missing, f"not installed: {' '.join(missing)}")


def main():
    """Runs the suite; exit status 77 where something was skipped, so that nobody takes it for passed."""
    program = unittest.main(module="__main__", exit=False, verbosity=2, buffer=False)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.testsRun == 0:
        print("no test ran", file=sys.stderr)
        sys.exit(1)
    if result.skipped:
        for test, reason in result.skipped:
            print(f"skipped: {test}: {reason}")
        sys.exit(77)
    sys.exit(0)
