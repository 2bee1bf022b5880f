#!/usr/bin/env python3
"""Standard streams of every type: what `confide run` must take, and what it must not hand into a sandbox.

    attacks_stdio.py --confide build/release/bin/confide --probe build/release/bin/confide-probe
                     [--profile tool]... [--as-root] [--as-user [NAME]]

A stream that is taken must work: what is read or written arrives. One that is refused must end the run before the command
starts, with a status of confide's own. Each stream is shown to be usable outside first. Exit status as attacks.py.
"""

import argparse
import contextlib
import dataclasses
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import typing

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
sys.dont_write_bytecode = True

from attacks_model import PROFILES  # noqa: E402
from support import end_cleanly, callers, sandboxes  # noqa: E402
from support.scene import Scene  # noqa: E402

# confide's own statuses: wrong usage, refused, launcher failed.
OWN_STATUSES = (2, 123, 125)
TEXT = b"through the stream\n"
LIMIT_SECONDS = 20


@dataclasses.dataclass(frozen=True)
class Stream:
    name: str
    number: int  # 0, 1 or 2
    make: typing.Callable  # scene -> context manager of (descriptor, finish), finish() -> the bytes that arrived or None
    taken: bool


# ---- makers: each yields the descriptor to hand over and a function that says what arrived


def _write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


@contextlib.contextmanager
def _closing(*fds):
    try:
        yield
    finally:
        for fd in fds:
            with contextlib.suppress(OSError):
                os.close(fd)


def _arrived(fd):
    """What can be read from `fd` now, without waiting for more than half a second."""
    chunks = []
    while select.select([fd], [], [], 0.5)[0]:
        try:
            chunk = os.read(fd, 65536)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    return b"".join(chunks)


@contextlib.contextmanager
def pipe_in(scene):
    read, write = os.pipe()
    _write_all(write, TEXT)
    os.close(write)
    with _closing(read):
        yield read, lambda: None


@contextlib.contextmanager
def pipe_out(scene):
    read, write = os.pipe()
    with _closing(read, write):
        yield write, lambda: _arrived(read)


@contextlib.contextmanager
def socket_in(scene):
    here, there = socket.socketpair()
    with here, there:
        here.sendall(TEXT)
        here.shutdown(socket.SHUT_WR)
        yield there.fileno(), lambda: None


@contextlib.contextmanager
def socket_out(scene):
    here, there = socket.socketpair()
    with here, there:
        yield there.fileno(), lambda: _arrived(here.fileno())


@contextlib.contextmanager
def tcp_out(scene):
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as there:
        here, _ = listener.accept()
        with here:
            yield there.fileno(), lambda: _arrived(here.fileno())


@contextlib.contextmanager
def file_in(scene):
    fd = os.open(scene.scratch_file(TEXT.decode()), os.O_RDONLY)
    with _closing(fd):
        yield fd, lambda: None


def file_out(flags):
    @contextlib.contextmanager
    def make(scene):
        path = scene.scratch_file()
        fd = os.open(path, flags)

        def finish():
            with open(path, "rb") as text:
                return text.read()

        with _closing(fd):
            yield fd, finish

    return make


@contextlib.contextmanager
def fifo_out(scene):
    path = os.path.join(scene.base, f"fifo-out-{scene.token}")
    os.mkfifo(path)
    scene.caller.own(path)
    read = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write = os.open(path, os.O_WRONLY)
    with _closing(read, write):
        try:
            yield write, lambda: _arrived(read)
        finally:
            os.unlink(path)


@contextlib.contextmanager
def memfd_in(scene):
    fd = os.memfd_create("stdin")
    _write_all(fd, TEXT)
    os.lseek(fd, 0, os.SEEK_SET)
    with _closing(fd):
        yield fd, lambda: None


def opened(path, flags):
    """A stream that carries nothing of ours; it is used as it is."""

    @contextlib.contextmanager
    def make(scene):
        fd = os.open(path(scene) if callable(path) else path, flags)
        with _closing(fd):
            yield fd, lambda: None

    return make


@contextlib.contextmanager
def terminal(scene):
    master, slave = pty.openpty()
    with _closing(master, slave):
        _write_all(master, TEXT + b"\x04")
        yield slave, lambda: _arrived(master)


@contextlib.contextmanager
def pidfd(scene):
    fd = os.pidfd_open(scene.victim["pid"])
    with _closing(fd):
        yield fd, lambda: None


@contextlib.contextmanager
def eventfd(scene):
    fd = os.eventfd(1)
    with _closing(fd):
        yield fd, lambda: None


@contextlib.contextmanager
def epoll(scene):
    poll = select.epoll()
    with poll:
        yield poll.fileno(), lambda: None


def _cgroup_file(scene):
    for path in ("/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/unified/cgroup.procs", "/sys/fs/cgroup/memory/cgroup.procs"):
        if os.path.exists(path):
            return path
    raise FileNotFoundError("no cgroup file system")


NULL, APPEND = "/dev/null", os.O_WRONLY | os.O_APPEND
FOLDER = os.O_RDONLY | os.O_DIRECTORY

STREAMS = (
    Stream("pipe", 0, pipe_in, True),
    Stream("unix socket", 0, socket_in, True),
    Stream("file", 0, file_in, True),
    Stream("memfd", 0, memfd_in, True),
    Stream("/dev/null", 0, opened(NULL, os.O_RDONLY), True),
    # What nohup(1) leaves: standard input that can only be written.
    Stream("/dev/null, write-only", 0, opened(NULL, os.O_WRONLY), True),
    Stream("terminal", 0, terminal, True),
    Stream("pipe", 1, pipe_out, True),
    Stream("FIFO", 1, fifo_out, True),
    Stream("unix socket", 1, socket_out, True),
    Stream("TCP socket", 1, tcp_out, True),
    Stream("file", 1, file_out(os.O_WRONLY), True),
    Stream("file, append", 1, file_out(APPEND), True),
    Stream("/dev/null", 1, opened(NULL, os.O_WRONLY), True),
    Stream("terminal", 1, terminal, True),
    Stream("pipe", 2, pipe_out, True),
    Stream("file, append", 2, file_out(APPEND), True),
    Stream("/dev/null", 2, opened(NULL, os.O_WRONLY), True),
    # A folder is a door into the tree of outside (openat, fchdir), and an O_PATH descriptor is one for every type.
    Stream("folder", 0, opened(lambda scene: scene.base, FOLDER), False),
    Stream("folder", 1, opened(lambda scene: scene.base, FOLDER), False),
    Stream("root folder", 0, opened("/", FOLDER), False),
    Stream("folder, O_PATH", 0, opened(lambda scene: scene.base, os.O_PATH | os.O_DIRECTORY), False),
    Stream("file, O_PATH", 0, opened(lambda scene: scene.secret_file, os.O_PATH), False),
    Stream("symbolic link, O_PATH", 0, opened("/proc/self/exe", os.O_PATH | os.O_NOFOLLOW), False),
    # Files of the kernel: each read or write is an operation on a process or on the machine.
    Stream("procfs file", 0, opened("/proc/self/status", os.O_RDONLY), False),
    Stream("procfs memory", 0, opened(lambda scene: f"/proc/{scene.victim['pid']}/mem", os.O_RDONLY), False),
    Stream("procfs environ", 0, opened(lambda scene: f"/proc/{scene.victim['pid']}/environ", os.O_RDONLY), False),
    Stream("procfs file", 1, opened("/proc/self/comm", os.O_WRONLY), False),
    Stream("procfs folder", 0, opened("/proc/self", FOLDER), False),
    Stream("namespace", 0, opened("/proc/self/ns/mnt", os.O_RDONLY), False),
    Stream("sysfs file", 0, opened("/sys/kernel/uevent_seqnum", os.O_RDONLY), False),
    Stream("cgroup file", 0, opened(_cgroup_file, os.O_RDONLY), False),
    Stream("pidfd", 0, pidfd, False),
    Stream("eventfd", 0, eventfd, False),
    Stream("epoll", 0, epoll, False),
    Stream("terminal multiplexer", 0, opened("/dev/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK), False),
    Stream("procfs file", 2, opened("/proc/self/comm", os.O_WRONLY), False),
)

# What runs: says that it did (by its status), reads its input, writes the text on the stream in question.
RAN = 42


def command_for(stream):
    if stream.number == 0:
        # Reads what there is; a stream that cannot be read (write-only) is none of the command's concern.
        return ["sh", "-c", 'text=$(dd bs=4096 count=1 2>/dev/null); printf "%s\n" "$text" >&1; exit 42']
    return ["sh", "-c", f'printf "through the stream\n" >&{stream.number}; exit 42']


def attempt(stream, scene, wrap):
    """(status, what the command wrote elsewhere, what arrived at the stream's other end)"""
    with stream.make(scene) as (fd, finish):
        streams = [subprocess.DEVNULL, subprocess.PIPE, subprocess.PIPE]
        streams[stream.number] = fd
        process = subprocess.Popen(
            wrap(command_for(stream)), cwd=scene.project, env=scene.environment(), stdin=streams[0],
            stdout=streams[1], stderr=streams[2], start_new_session=True, **scene.caller.identity())
        try:
            output, error = process.communicate(timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return None, b"", b""
        return process.returncode, (output or b"") + (error or b""), finish() or b""


def carries(stream):
    return stream.taken and "/dev/null" not in stream.name


def judge_outside(stream, status, output, arrived):
    if status != RAN:
        return f"status {status}"
    if carries(stream) and TEXT.strip() not in (output if stream.number == 0 else arrived):
        return "what was sent did not arrive"
    return ""


def judge_inside(stream, status, output, arrived):
    if status is None:
        return "it did not end"
    if stream.taken:
        problem = judge_outside(stream, status, output, arrived)
        return f"{problem}: {output.decode('utf-8', 'replace').strip()[-200:]}" if problem else ""
    if status == RAN:
        return "the command was started with it"
    if status not in OWN_STATUSES:
        return f"status {status} is none of confide's own"
    if stream.number != 2 and not output.strip():
        return "refused without a word"
    return ""


class Report:
    def __init__(self):
        self.passed = self.failed = self.lacks = 0

    def add(self, stream, caller, where, problem, lacks=""):
        self.passed += not problem and not lacks
        self.failed += bool(problem)
        self.lacks += bool(lacks)
        mark = "FAIL" if problem else "lacks" if lacks else "ok"
        taken = "taken" if stream.taken else "refused"
        print(f"{stream.number} {stream.name:<24} {taken:<8} {caller:<5} {where:<9} {mark:<6} {problem or lacks}", flush=True)


def run_caller(options, caller, report):
    with Scene(caller, options.probe) as scene:
        for stream in STREAMS:
            try:
                outside = attempt(stream, scene, lambda command: command)
            except OSError as problem:
                report.add(stream, caller.kind, "outside", "", f"cannot be made here: {problem}")
                continue
            report.add(stream, caller.kind, "outside", judge_outside(stream, *outside))
            for sandbox in options.sandboxes:
                inside = attempt(stream, scene, lambda command, sandbox=sandbox: sandbox.wrap(command, scene))
                report.add(stream, caller.kind, sandbox.name, judge_inside(stream, *inside))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--confide", help="without it only the outside half runs")
    parser.add_argument("--probe", required=True)
    parser.add_argument("--profile", action="append", choices=PROFILES)
    parser.add_argument("--as-root", action="store_true")
    parser.add_argument("--as-user", nargs="?", const="", metavar="NAME")
    options = parser.parse_args()
    options.probe = sandboxes.find(options.probe)
    profiles = options.profile or ["tool"]
    options.sandboxes = [sandboxes.Confide(sandboxes.find(options.confide), profile) for profile in profiles] \
        if options.confide else []
    report = Report()
    with callers.UnprivilegedUser(options.as_user or None) as user:
        everyone = not options.as_root and options.as_user is None
        if os.geteuid() == 0 and (options.as_root or everyone):
            run_caller(options, callers.myself(), report)
        if options.as_user is not None or everyone:
            run_caller(options, user, report)
    print(f"\n{report.passed} passed, {report.failed} failed" + (f" ({report.lacks} lacks)" if report.lacks else ""))
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    end_cleanly()
    sys.exit(main())
