#!/usr/bin/env python3
"""Races: a confined reader spins over every new process while a credentialed run starts, re-executes and ends.

    attacks_race.py --confide build/release/bin/confide --probe build/release/bin/confide-probe
                    [--rounds 300] [--channel environ]... [--profile tool] [--as-root] [--as-user [NAME]]

For each channel (environ, mem, fd, ptrace, vm-readv, pidfd-getfd), three kinds of rows:
  unconfined   the same race against a plain process, by an unconfined reader: it must win, or the race proves nothing
  plain        a confined reader (its own Landlock domain, its own user namespace) against the plain process
  confide      that reader against `confide run --secret …`: every process of the run, confide's own included
These two must open nothing in any phase, and must have tried in every phase. That the run really held the secret is
shown by an unconfined reader of it (row "level 0"), which wins: where the agent is not confined, nothing is promised.
Exit status as attacks.py.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
sys.dont_write_bytecode = True

from support import end_cleanly, callers, sandboxes  # noqa: E402
from support.scene import Scene  # noqa: E402

CHANNELS = ("environ", "mem", "fd", "ptrace", "vm-readv", "pidfd-getfd")
CONFINEMENTS = ("landlock", "userns")
BASELINE_ROUNDS = 40
LIMIT_SECONDS = 240


def race(scene, channel, confinement, rounds, target, env):
    """What the driver printed, or a text that says why there is nothing."""
    command = [scene.probe, "--needle-hex", scene.needle, "race", channel, confinement, str(rounds), "--", *target]
    driver = subprocess.Popen(command, cwd=scene.project, env=scene.environment(**env), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
                              **scene.caller.identity())
    try:
        output, error = driver.communicate(timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(driver.pid, signal.SIGKILL)
        driver.communicate()
        return "it did not end"
    for line in output.splitlines():
        with contextlib.suppress(ValueError):
            return json.loads(line)
    return error.strip() or f"exit status {driver.returncode}"


def race_until(enough, scene, channel, confinement, rounds, target, env):
    """A race that says too little is run again, each time twice as long."""
    for again in range(6):
        result = race(scene, channel, confinement, rounds << again, target, env)
        if isinstance(result, str) or enough(result["phases"].values()):
            break
    return result


def tried(phases):
    """On a busy machine a reader may sleep through a phase."""
    return all(phase["tries"] > 0 for phase in phases)


def won(phases):
    """A reader that stops its target to look may look at the wrong moment every time."""
    return any(phase["hits"] > 0 for phase in phases)


def judge_win(result):
    """The unconfined reader must find the secret: a race that cannot be won shows nothing."""
    if isinstance(result, str):
        return result
    return "" if won(result["phases"].values()) else "an unconfined reader never found the secret: the race is none"


def judge_loss(result):
    """A confined reader must be refused every time, in every phase, by commands that all ran to their end."""
    if isinstance(result, str):
        return result
    if result["failures"]:
        return f"{result['failures']} of {result['rounds']} commands failed"
    for name, phase in result["phases"].items():
        if phase["opened"] or phase["hits"]:
            return f"during {name}: opened {phase['opened']} of {phase['tries']} times, {phase['hits']} times the secret"
        if phase["tries"] == 0:
            return f"during {name}: never tried"
    return ""


def text_of(result):
    if isinstance(result, str):
        return ""
    return ", ".join(f"{name} {phase['hits']}/{phase['opened']}/{phase['tries']}"
                     for name, phase in result["phases"].items())


class Report:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def add(self, caller, where, channel, confinement, problem, result):
        self.passed += not problem
        self.failed += bool(problem)
        print(f"{channel:<12} {caller:<5} {where:<11} {confinement:<9} {'FAIL' if problem else 'ok':<5} "
              f"{problem or text_of(result)}", flush=True)


def run_caller(options, caller, report):
    with Scene(caller, options.probe) as scene:
        plain = [scene.probe, "dwell", "env=SECRET"]
        held = {"SECRET": scene.canary}
        credentialed = [options.confide, "run", "--profile", options.profile, "--secret",
                        f"SECRET=file://{scene.secret_file}", "--", *plain]
        for channel in options.channel or CHANNELS:
            result = race_until(won, scene, channel, "none", BASELINE_ROUNDS, plain, held)
            report.add(caller.kind, "unconfined", channel, "none", judge_win(result), result)
            for confinement in CONFINEMENTS:
                result = race_until(tried, scene, channel, confinement, options.rounds, plain, held)
                report.add(caller.kind, "plain", channel, confinement, judge_loss(result), result)
                if not options.confide:
                    continue
                result = race_until(tried, scene, channel, confinement, options.rounds, credentialed, {})
                report.add(caller.kind, "confide", channel, confinement, judge_loss(result), result)
            # Without a confined reader confide hides nothing from its own uid, and says so: the same race is won.
            if options.confide:
                result = race_until(won, scene, channel, "none", BASELINE_ROUNDS, credentialed, {})
                report.add(caller.kind, "level 0", channel, "none", judge_win(result), result)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--confide", help="without it only the races against a plain process run")
    parser.add_argument("--probe", required=True)
    parser.add_argument("--profile", default="tool")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--channel", action="append", choices=CHANNELS)
    parser.add_argument("--as-root", action="store_true")
    parser.add_argument("--as-user", nargs="?", const="", metavar="NAME")
    options = parser.parse_args()
    options.probe = sandboxes.find(options.probe)
    options.confide = sandboxes.find(options.confide) if options.confide else None
    report = Report()
    print("# hits/opened/tries in each phase")
    with callers.UnprivilegedUser(options.as_user or None) as user:
        everyone = not options.as_root and options.as_user is None
        if os.geteuid() == 0 and (options.as_root or everyone):
            run_caller(options, callers.myself(), report)
        if options.as_user is not None or everyone:
            run_caller(options, user, report)
    print(f"\n{report.passed} passed, {report.failed} failed")
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    end_cleanly()
    sys.exit(main())
