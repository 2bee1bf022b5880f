"""Prints the tables of `scripts/bench agents`; see there."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time

CLIENTS = os.path.join(os.environ["CONFIDE_SOURCE_DIR"], "tests/e2e/clients")
sys.path.insert(0, CLIENTS)
import session  # noqa: E402
from model import shell  # noqa: E402
from session import harness  # noqa: E402

# A hook as one writes it by hand, for what has none of its own.
HAND_WRITTEN = """#!/usr/bin/python3
import json, shlex, sys
event = json.load(sys.stdin)
if event["tool_name"] == "Bash":
    event["tool_input"]["command"] = %r + " " + shlex.quote(event["tool_input"]["command"])
    print(json.dumps({"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "allow", "updatedInput": event["tool_input"]}}))
"""
SRT = session.MODULES and os.path.join(session.MODULES, ".bin/srt")


def milliseconds(seconds):
    return f"{seconds * 1000:.2f}"


def decisions(rounds):
    """Whole processes, in turns."""
    scene = session.Session()
    try:
        def event(tool, **tool_input):
            return json.dumps({"hook_event_name": "PreToolUse", "cwd": scene.project, "permission_mode": "default", "tool_name": tool,
                               "tool_input": tool_input}).encode()

        scene.write("project/a.c", "x\n")
        rows = {"/bin/true": (["/bin/true"], b""),
                "confide hook, a command": ([harness.CONFIDE, "hook", "claude"], event("Bash", command="make -j2 test", timeout=60000)),
                "confide hook, a command of 100 KiB": ([harness.CONFIDE, "hook", "claude"], event("Bash", command="echo " + "x" * 102400)),
                "confide hook, a file": ([harness.CONFIDE, "hook", "claude"], event("Read", file_path=scene.path("project/a.c")))}
        times = {name: [] for name in rows}
        for _ in range(rounds):
            for name, (argv, data) in rows.items():
                started = time.perf_counter()
                subprocess.run(argv, input=data, stdout=subprocess.DEVNULL if argv[0] == "/bin/true" else subprocess.PIPE,
                               cwd=scene.project, env=scene.variables, check=True)
                times[name].append(time.perf_counter() - started)
        medians = {name: statistics.median(values) for name, values in times.items()}
        budget = 2 * medians["/bin/true"] + 0.001
        yield "process", "median, ms", "× /bin/true", "budget: 2 × /bin/true + 1 ms"
        for name, median in medians.items():
            verdict = "" if name == "/bin/true" else "met" if median <= budget else f"missed ({milliseconds(budget)} ms)"
            yield name, milliseconds(median), f"{median / medians['/bin/true']:.2f}", verdict
    finally:
        scene.close()


def configure(claude, form):
    allow = {"permissions": {"allow": ["Bash"]}}
    if form == "plain":
        claude.settings = allow
    elif form == "hook + confide shell":
        claude.setup()
    elif form == "Claude Code's own sandbox":
        claude.settings = {"sandbox": {"enabled": True, "autoAllowBashIfSandboxed": True, "failIfUnavailable": True}}
    else:
        hook = claude.write("home/bin/hook", HAND_WRITTEN % f"{SRT} bash -c", 0o755)
        claude.settings = {"hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": hook, "args": [], "timeout": 30, "onFailure": "block"}]}]}}


def seconds_of(claude, commands):
    started = time.perf_counter()
    outcome = claude.run([shell("true")] * commands)
    took = time.perf_counter() - started
    if outcome.code != 0 or len(outcome.results) != commands or any("rror" in result for result in outcome.results):
        raise RuntimeError(str(outcome))
    return took


def calls(rounds):
    """(twelve commands - two commands) / 10, so that starting the client does not count."""
    forms = ["plain", "hook + confide shell", "Claude Code's own sandbox"]
    if SRT and os.path.exists(SRT) and shutil.which("rg") and shutil.which("socat"):
        forms.append("hook in Python + srt")
    times = {form: [] for form in forms}
    for _ in range(rounds):
        for form in forms:
            claude = session.Claude()
            try:
                configure(claude, form)
                times[form].append((seconds_of(claude, 12) - seconds_of(claude, 2)) / 10)
            finally:
                claude.close()
    plain = statistics.median(times["plain"])
    yield "one Bash call in Claude Code", "median, ms", "beyond plain, ms", "budget: 45 ms"
    for form in forms:
        median = statistics.median(times[form])
        verdict = ("met" if median <= 0.045 else "missed") if "confide" in form else ""
        yield form, milliseconds(median), milliseconds(median - plain), verdict
    if len(forms) == 3:
        print("# no row for srt: @anthropic-ai/sandbox-runtime, rg or socat is not there", file=sys.stderr)


def main():
    table, rounds = sys.argv[1], int(sys.argv[2])
    for row in {"decisions": decisions, "calls": calls}[table](rounds):
        print("\t".join(row), flush=True)


main()
