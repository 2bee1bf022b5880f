#!/usr/bin/env python3
"""The attack suite: every attack is first shown to succeed outside, then tried inside `confide run`.

    attacks.py --confide build/release/bin/confide --probe build/release/bin/confide-probe
               [--profile tool]... [--only NAME]... [--as-root] [--as-user [NAME]] [--sandbox confide|bwrap] [--list]

Inside, an attack passes when it is refused for the reason that its row names (or is open where the row says so).
Outside, it passes when it succeeds. What this host cannot show ("lacks"), and what succeeds nowhere ("nowhere"), is
listed and is no pass. With CONFIDE_TESTS_MUST_WORK=1 whatever root's run could not try is a failure.

Exit status: 0 all passed, 1 something failed, 2 wrong usage.
"""

import argparse
import collections
import contextlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
sys.dont_write_bytecode = True

import attacks_channels  # noqa: E402
import attacks_files  # noqa: E402
import attacks_processes  # noqa: E402
import attacks_system  # noqa: E402
from attacks_model import PROFILES, RUNGS, Nowhere, Open  # noqa: E402
from support import end_cleanly, callers, probing, sandboxes  # noqa: E402
from support.scene import Scene  # noqa: E402

SUITES = (attacks_processes, attacks_files, attacks_channels, attacks_system)
# Without root not everything can be shown; that is a lack of the run, not of the program.
MUST_WORK = os.environ.get("CONFIDE_TESTS_MUST_WORK") == "1" and os.geteuid() == 0

# How a cell of the table ends: only the first two are counted as passed or failed.
PASSED, FAILED, LACKS, NOWHERE, UNTRIED, NOTED = "passed", "failed", "lacks", "nowhere", "untried", "noted"


def registry():
    found = [attack for suite in SUITES for attack in suite.attacks()]
    names = collections.Counter(attack.name for attack in found)
    double = [name for name, count in names.items() if count > 1]
    if double:
        raise SystemExit(f"attacks of the same name: {', '.join(double)}")
    return found


def probes_without_attack(attacks, known):
    used = {attack.probe for attack in attacks}
    unknown = used - set(known)
    if unknown:
        raise SystemExit(f"no such probe: {', '.join(sorted(unknown))}")
    return sorted(set(known) - used)


class Trial:
    """One attack by one caller, outside or in a sandbox."""

    def __init__(self, attack, scene):
        self.attack = attack
        self.scene = scene

    def _command(self, given, substitutions):
        needle = ["--needle-hex", self.scene.needle] if self.attack.needle else []
        given = [substitutions.get(word, word) for word in given]
        return [self.scene.probe, *needle, self.attack.probe, *given]

    def _run(self, given, wrap):
        attack, scene = self.attack, self.scene
        given = [str(word) for word in given]
        manager = attack.surroundings(scene) if attack.surroundings else contextlib.nullcontext({})
        with manager as fields:
            fields = dict(fields or {})
            substitutions = fields.pop("words", {})
            terminal = fields.pop("pty", None)
            command = wrap(self._command(given, substitutions))
            if attack.prefix:
                command = [*attack.prefix(scene), *command]
            verdict = probing.run(command, scene.around(**fields), terminal)
        if attack.observe and verdict.outcome in ("leak", "none"):
            seen = attack.observe(scene, given, verdict)
            verdict.outcome = "leak" if seen else "absent"
            verdict.reason = "" if seen else "UNSEEN"
        return verdict

    def outside(self):
        words = self.attack.outside_words or self.attack.words
        wrap = lambda command: sandboxes.Outside().wrap(
            command, self.scene, self.attack.around, as_root=self.scene.caller.kind == "root")
        self.scene.restore()
        try:
            return self._run(words(self.scene), wrap)
        finally:
            self.scene.restore()

    def inside(self, sandbox):
        self.scene.restore()
        try:
            options = self.attack.options
            options = options(self.scene) if callable(options) else options
            verdict = self._run(
                self.attack.words(self.scene), lambda command: sandbox.wrap(command, self.scene, options))
            harm = self.attack.untouched(self.scene) if self.attack.untouched else ""
            return verdict, harm
        finally:
            self.scene.restore()


class Suite:
    def __init__(self, scenes, table):
        self.scenes = scenes  # by kind of caller
        self.table = table
        self._shown = {}

    def show(self, attack, caller):
        """(status, text): does the attack succeed outside? By whom it takes, once."""
        if isinstance(attack.shown_by, Nowhere):
            return NOWHERE, f"nowhere: {attack.shown_by.asserted}"
        shower = caller if attack.shown_by == "caller" else attack.shown_by
        if (attack.name, shower) not in self._shown:
            self._shown[attack.name, shower] = self._show(attack, shower)
        return self._shown[attack.name, shower]

    def _show(self, attack, shower):
        scene = self.scenes.get(shower)
        if scene is None:
            return UNTRIED, f"to be shown by {shower}"
        if not attack.needs(scene):
            return UNTRIED, "what it takes could not be made"
        verdict = Trial(attack, scene).outside()
        if verdict.succeeded:
            return PASSED, f"succeeds ({shower})"
        if attack.may_lack and verdict.outcome in ("denied", "absent"):
            return LACKS, f"this host lacks it ({attack.may_lack}): {verdict}"
        return FAILED, f"does not succeed outside: {verdict}: {verdict.detail}"

    def attack(self, attack, caller, sandbox):
        scene = self.scenes[caller]
        if not attack.needs(scene):
            return UNTRIED, "what it takes could not be made"
        verdict, harm = Trial(attack, scene).inside(sandbox)
        if not sandbox.judged:
            return NOTED, ("OPEN" if verdict.succeeded else str(verdict))
        if attack.may_refuse_launch and verdict.reason == "exit:125":
            return LACKS, f"nothing was launched ({attack.may_refuse_launch})"
        expected = attack.expected(sandbox.profile, caller)
        if harm and not isinstance(expected, Open):
            return FAILED, f"{verdict}, but {harm}"
        if scene.canary in verdict.output:
            return FAILED, "the secret is in the output"
        if expected.allows(verdict):
            return PASSED, ("open" if verdict.succeeded else verdict.reason)
        return FAILED, f"{verdict}, expected {expected}: {verdict.detail}"


class Table:
    """What is printed, and what it adds up to."""

    def __init__(self, quiet):
        self._quiet = quiet
        self.counts = collections.Counter()
        self.failures = []

    def add(self, name, caller, where, status, text):
        if status == UNTRIED and MUST_WORK:
            status, text = FAILED, f"could not be tried: {text}"
        self.counts[status] += 1
        mark = {PASSED: "ok", FAILED: "FAIL", NOTED: ""}.get(status, status)
        line = f"{name:<28} {caller:<5} {where:<9} {mark:<8} {text}"
        if status == FAILED:
            self.failures.append(line)
        if not self._quiet or status == FAILED:
            print(line, flush=True)

    def finish(self):
        if self.failures and not self._quiet:
            print("\nfailed:")
            print("\n".join(self.failures))
        others = ", ".join(f"{self.counts[status]} {status}" for status in (LACKS, NOWHERE, UNTRIED, NOTED)
                           if self.counts[status])
        print(f"\n{self.counts[PASSED]} passed, {self.counts[FAILED]} failed" + (f" ({others})" if others else ""))
        return 1 if self.counts[FAILED] or not self.counts[PASSED] + self.counts[NOTED] else 0


def run(options, attacks):
    table = Table(options.quiet)
    with contextlib.ExitStack() as stack:
        kinds = {}
        user = stack.enter_context(callers.UnprivilegedUser(options.as_user or None))
        if os.geteuid() == 0:
            kinds["root"] = callers.myself()
        kinds["user"] = user
        wanted = [kind for kind, asked in (("root", options.as_root), ("user", options.as_user is not None)) if asked]
        wanted = wanted or list(kinds)
        scenes = {kind: stack.enter_context(Scene(caller, options.probe)) for kind, caller in kinds.items()}
        suite = Suite(scenes, table)
        shown = set()
        for attack in attacks:
            for caller in wanted:
                if caller not in scenes:
                    raise SystemExit(f"this suite must be run by root to run as {caller}")
                if caller not in attack.callers:
                    continue
                shower = caller if attack.shown_by == "caller" else attack.shown_by
                if (attack.name, shower) not in shown:
                    shown.add((attack.name, shower))
                    table.add(attack.name, "-" if isinstance(shower, Nowhere) else shower, "outside",
                              *suite.show(attack, caller))
                for sandbox in options.sandboxes:
                    if caller not in getattr(sandbox, "callers", (caller,)):
                        continue
                    table.add(attack.name, caller, sandbox.name, *suite.attack(attack, caller, sandbox))
    return table.finish()


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--confide", help="the program under test; without it only the outside half runs")
    parser.add_argument("--probe", required=True)
    parser.add_argument("--profile", action="append", choices=(*PROFILES, *RUNGS), help="default: all")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="an attack, or all of a probe")
    parser.add_argument("--as-root", action="store_true")
    parser.add_argument("--as-user", nargs="?", const="", metavar="NAME", help="the unprivileged user; made if missing")
    parser.add_argument("--sandbox", choices=("confide", "bwrap"), default="confide", help="bwrap: a survey, not judged")
    parser.add_argument("--list", action="store_true", help="the attacks and what is expected of them")
    parser.add_argument("--quiet", action="store_true", help="failures and the sum only")
    options = parser.parse_args()
    options.probe = sandboxes.find(options.probe)
    options.sandboxes = []
    if options.sandbox == "bwrap":
        options.sandboxes = [sandboxes.Bubblewrap()]
    elif options.confide:
        program = sandboxes.find(options.confide)
        rungs = {sandbox.profile: sandbox for sandbox in sandboxes.rungs(program, os.path.join(HERE, "attacks_rungs.toml"))}
        options.sandboxes = [rungs.get(profile) or sandboxes.Confide(program, profile)
                             for profile in options.profile or (*PROFILES, *RUNGS)]
    return options


def main():
    options = parse()
    attacks = registry()
    left_out = probes_without_attack(attacks, probing.known(options.probe))
    if left_out:
        print(f"probes that no attack uses: {', '.join(left_out)}", file=sys.stderr)
        return 1
    if options.only:
        attacks = [attack for attack in attacks if attack.name in options.only or attack.probe in options.only]
        if not attacks:
            print(f"no attack is called {', '.join(options.only)}; see --list", file=sys.stderr)
            return 2
    if options.list:
        for attack in attacks:
            shown = attack.shown_by.asserted if isinstance(attack.shown_by, Nowhere) else attack.shown_by
            print(f"{attack.name:<28} shown by {shown}")
            for profile in (*PROFILES, *RUNGS):
                print(f"    {profile:<9} {attack.expected(profile, 'user')}")
        return 0
    return run(options, attacks)


if __name__ == "__main__":
    end_cleanly()
    sys.exit(main())
