#!/usr/bin/env python3
"""Core dumps through a piped core_pattern, which pays no heed to a core limit of 0.

    attacks_core.py --confide build/release/bin/confide --probe build/release/bin/confide-probe [--profile tool]...

Needs root, and the machine to itself for a moment: it points kernel.core_pattern at the probe and puts it back, whatever
happens. A process that aborts outside is dumped into the probe; one that aborts inside must not send it a byte.
Exit status: 0 passed, 1 failed, 2 wrong usage, 77 skipped for want of root.
"""

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
sys.dont_write_bytecode = True

from attacks_model import PROFILES  # noqa: E402
from support import end_cleanly, callers, probing, sandboxes  # noqa: E402
from support.scene import Scene  # noqa: E402

PATTERN = "/proc/sys/kernel/core_pattern"


@contextlib.contextmanager
def core_pattern(value):
    with open(PATTERN, encoding="utf-8") as old:
        before = old.read()

    def write(text):
        with open(PATTERN, "w", encoding="utf-8") as out:
            out.write(text)

    write(value)
    try:
        yield
    finally:
        write(before)


class Sink:
    """What the kernel was told to feed: a copy of the probe under a short name (the pattern holds 127 bytes)."""

    def __init__(self, folder, probe):
        self._log = os.path.join(folder, "log")
        self.pattern = f"|{shutil.copy(probe, os.path.join(folder, 'p'))} core-sink {self._log}"

    def bytes_of(self, abort):
        """Runs `abort`; the bytes that arrived, and the verdict."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._log)
        verdict = abort()
        time.sleep(0.2)  # the kernel does not wait for the program at the pipe's end
        with contextlib.suppress(FileNotFoundError), open(self._log, encoding="utf-8") as log:
            return sum(int(line) for line in log), verdict
        return 0, verdict


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--confide", required=True)
    parser.add_argument("--probe", required=True)
    parser.add_argument("--profile", action="append", choices=PROFILES)
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("needs root: core_pattern is the machine's")
        return 77
    program, probe = sandboxes.find(options.confide), sandboxes.find(options.probe)
    passed = failed = 0
    with contextlib.ExitStack() as stack:
        user = stack.enter_context(callers.UnprivilegedUser())
        folder = tempfile.mkdtemp(prefix="ac.", dir="/tmp")
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        os.chmod(folder, 0o755)
        sink = Sink(folder, probe)
        scenes = [stack.enter_context(Scene(caller, probe)) for caller in (callers.myself(), user)]
        stack.enter_context(core_pattern(sink.pattern))
        for scene in scenes:
            command = [scene.probe, "core-dump"]
            places = [("outside", command)]
            for profile in options.profile or PROFILES:
                places.append((profile, sandboxes.Confide(program, profile).wrap(command, scene)))
            for where, wrapped in places:
                size, verdict = sink.bytes_of(lambda wrapped=wrapped, scene=scene: probing.run(wrapped, scene.around()))
                if where == "outside":
                    good = size > 0
                else:
                    good = size == 0 and verdict.outcome == "denied"
                passed, failed = passed + good, failed + (not good)
                print(f"{scene.caller.kind:<5} {where:<9} {'ok' if good else 'FAIL':<5} {size} bytes dumped, {verdict}", flush=True)
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    end_cleanly()
    sys.exit(main())
