"""Starts confide-probe somewhere and reads its verdict."""

import contextlib
import dataclasses
import errno
import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import termios
import time

LIMIT_SECONDS = 30


@dataclasses.dataclass
class Verdict:
    outcome: str  # "leak", "denied", "absent", "error", or "none" where the probe said nothing
    reason: str  # an errno's or signal's name, EMPTY, OTHER, UNSEEN, or exit:N
    detail: str
    status: int
    output: str = ""  # everything that was written, for the search for canaries

    @property
    def succeeded(self):
        return self.outcome == "leak"

    def __str__(self):
        return f"{self.outcome} {self.reason}".strip()


@dataclasses.dataclass
class Surroundings:
    """What a command finds around it."""

    cwd: str
    env: dict
    identity: dict
    stdin: object = subprocess.DEVNULL
    fds: tuple = ()  # inherited, under their own numbers
    terminal: str = "none"  # "none", "stdio", or "behind" (a controlling terminal, but pipes for stdio)


def judge(output, error, status):
    for line in output.splitlines():
        start = line.find('{"probe"')  # a terminal echoes what was typed into it in front
        if start < 0:
            continue
        with contextlib.suppress(ValueError):
            said = json.loads(line[start:])
            return Verdict(said["outcome"], said["errno"], said["detail"], status, output + error)
    if status < 0:
        reason = signal.Signals(-status).name
    else:
        reason = f"exit:{status}"
    last = (error or output).strip().splitlines()
    return Verdict("none", reason, last[-1] if last else "no output", status, output + error)


def _lead_session(slave=None):
    def prepare():
        os.setsid()
        if slave is not None:
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    return prepare


def _wait(process, seconds):
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


def _read_to_end(master, process, seconds):
    """What arrives at `master` until the process has ended and nothing more comes."""
    chunks = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        ready, _, _ = select.select([master], [], [], 0.05)
        if ready:
            try:
                chunk = os.read(master, 65536)
            except OSError as problem:
                if problem.errno == errno.EIO:
                    break
                raise
            if not chunk:
                break
            chunks.append(chunk)
        elif ended:
            break
    return b"".join(chunks).decode("utf-8", "replace")


def run(command, around, terminal=None):
    """Runs `command`; `terminal` is a (master, slave) pair where `around` asks for one and the caller holds it."""
    if around.terminal == "none":
        process = subprocess.Popen(
            command, cwd=around.cwd, env=around.env, stdin=around.stdin, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, pass_fds=around.fds, start_new_session=True, **around.identity)
        try:
            output, error = process.communicate(timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, error = process.communicate()
            return Verdict("none", "TIMEOUT", "the command did not end", -9, (output + error).decode("utf-8", "replace"))
        return judge(output.decode("utf-8", "replace"), error.decode("utf-8", "replace"), process.returncode)

    master, slave = terminal if terminal is not None else pty.openpty()
    try:
        streams = {"stdin": slave, "stdout": slave, "stderr": slave}
        if around.terminal == "behind":
            streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(
            command, cwd=around.cwd, env=around.env, pass_fds=(*around.fds, slave), preexec_fn=_lead_session(slave),
            **streams, **around.identity)
        source = process.stdout.fileno() if around.terminal == "behind" else master
        output = _read_to_end(source, process, LIMIT_SECONDS)
        status = _wait(process, 2)
        if process.stdout is not None:
            process.stdout.close()
        return judge(output, "", -9 if status is None else status)
    finally:
        if terminal is None:
            os.close(master)
            os.close(slave)


def known(probe):
    """Every probe by name, as the program lists them."""
    listed = subprocess.run([probe, "--list", "--json"], check=True, capture_output=True).stdout
    return {entry["name"]: entry for entry in json.loads(listed)}
