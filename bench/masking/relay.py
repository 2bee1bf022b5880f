#!/usr/bin/env python3
"""relay.py PROGRAMS WORK ROUNDS MIB FEW: a log through a pipe, masked and not, and what it costs.

WORK holds the log, a short one, and for 1, 5 and 100 secrets a list of them, a sed script and the options that name
them. Each command is run in turns; counted are time on the clock and processor time of all its processes, which does not
grow with what else the machine does. Printed are medians, and medians of the ratios of one round each.
"""

import os
import statistics
import subprocess
import sys
import time

PROGRAMS, WORK = sys.argv[1:3]
ROUNDS, MIB, FEW = (int(word) for word in sys.argv[3:6])
CONFIDE = f"{PROGRAMS}/bin/confide"
FILTER = f"{PROGRAMS}/benchmarks/masking_bench --filter"
TICK = os.sysconf("SC_CLK_TCK")


def options(count):
    with open(f"{WORK}/options.{count}", encoding="utf-8") as file:
        return file.read().split()


def words(count):
    return " ".join(options(count))


def table():
    """{pid: (parent, name, clock ticks)}"""
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8") as file:
                name, rest = file.read().split("(", 1)[1].rsplit(") ", 1)
        except OSError:
            continue
        fields = rest.split()
        found[int(entry)] = (int(fields[1]), name, int(fields[11]) + int(fields[12]))
    return found


def below(root):
    """{pid: (name, clock ticks)} of all processes that `root` stands above."""
    all_of_them = table()
    found = {}
    for pid, (_, name, ticks) in all_of_them.items():
        up = pid
        while up in all_of_them and up != root:
            up = all_of_them[up][0]
        if up == root:
            found[pid] = (name, ticks)
    return found


def run(command):
    """Seconds on the clock, and of processors."""
    used = {}
    start = time.perf_counter()
    process = subprocess.Popen(["bash", "-o", "pipefail", "-c", f"{command} | cat"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None:
        used.update(below(process.pid))
        time.sleep(0.005)
    took = time.perf_counter() - start
    if process.returncode != 0:
        sys.exit(f"bench: {command}: {process.stderr.read().decode('utf-8', 'replace')}")
    process.stderr.close()
    return took, max(1, sum(ticks for _, ticks in used.values())) / TICK


def through_pipes():
    log, few = f"cat {WORK}/log | ", f"cat {WORK}/few | "
    rows = [
        ("cat", f"{log}cat", 1, None),
        ("the library's filter, 1 secret", f"{log}{FILTER} 1", 1, None),
        ("the library's filter, 100 secrets", f"{log}{FILTER} 100", 1, None),
        ("confide mask, 1 secret", f"{log}{CONFIDE} mask {words(1)}", 1, 0.6),
        ("confide mask, 100 secrets", f"{log}{CONFIDE} mask {words(100)}", 1, 0.6),
        ("confide run -- cat LOG, 1 secret", f"{CONFIDE} run --read {WORK} {words(1)} -- cat {WORK}/log", 1, 0.6),
        ("confide run -- cat LOG, 5 secrets", f"{CONFIDE} run --read {WORK} {words(5)} -- cat {WORK}/log", 1, 0.6),
        ("confide run -- cat LOG, 100 secrets", f"{CONFIDE} run --read {WORK} {words(100)} -- cat {WORK}/log", 1, 0.6),
        ("confide run -- cat LOG, no secret", f"{CONFIDE} run --read {WORK} -- cat {WORK}/log", 1, None),
        # These take minutes for more than a little.
        ("sed s///, 1 secret, as it is", f"{few}sed -f {WORK}/sed.1", MIB / FEW, None),
        ("sed s///, 100 secrets, as they are", f"{few}sed -f {WORK}/sed.100", MIB / FEW, None),
        ("grep -F -v, 1 secret", f"{few}grep -a -F -v -f {WORK}/secrets.1", MIB / FEW, None),
        ("grep -F -v, 100 secrets", f"{few}grep -a -F -v -f {WORK}/secrets.100", MIB / FEW, None),
    ]
    measured = {name: [] for name, *_ in rows}
    for _ in range(ROUNDS):
        for name, command, scale, _ in rows:
            measured[name].append([scale * seconds for seconds in run(command)])
    print(f"\n{f'LOG through a pipe, {MIB} MiB':44} {'MB/s':>10} {'of cat':>10} {'CPU of cat':>10} {'needed':>10}")
    for name, _, _, needed in rows:
        clock, processors = (statistics.median(cat[k] / own[k] for cat, own in zip(measured["cat"], measured[name])) for k in (0, 1))
        speed = MIB * 1.048576 / statistics.median(own[0] for own in measured[name])
        print(f"{name:44} {speed:10.0f} {clock:10.2f} {processors:10.2f} {needed or '':>10}")


def start(argv):
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    turn(process)
    return process


def turn(process, line=b'{"id": 1, "result": "ok"}\n'):
    """Microseconds from a line's way in to its way out."""
    begin = time.perf_counter()
    os.write(process.stdin.fileno(), line)
    got = b""
    while not got.endswith(b"\n"):
        got += os.read(process.stdout.fileno(), 100) or sys.exit("bench: no line came back")
    return (time.perf_counter() - begin) * 1e6


def one_line():
    """What the way through the supervisor adds to `cat`, and the supervisor's memory."""
    with_us, without = start([CONFIDE, "run", "--read", WORK, *options(5), "--", "cat"]), start(["cat"])
    added = statistics.median(turn(with_us) - turn(without) for _ in range(3000))
    held = statistics.median(turn(with_us, b"listening on port 3000\n") for _ in range(100))
    print(f"\n{'a line through the supervisor, 5 secrets':44} {added:10.1f} us more than without (needed: 50)")
    print(f"{'... whose last character begins a secret':44} {held:10.1f} us: its end waits for 2 ms")
    for process in (with_us, without):
        process.stdin.close()
        process.wait()


def memory():
    """The supervisor of a run with five secrets, after 32 MiB: the most that it ever had resident."""
    script = f"head -c 33554432 {WORK}/log >&2; echo masked; cat >/dev/null"
    process = subprocess.Popen([CONFIDE, "run", "--read", WORK, *options(5), "--", "sh", "-c", script],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.readline()
    for pid, (name, _) in below(process.pid).items():
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            status = dict(line.split(":", 1) for line in file)
        locked = int(status["VmLck"].split()[0]) / 1024
        # Pid 1 of the sandbox has the same name, and nothing locked.
        if name.startswith("confide-supervi") and locked > 0:
            most = int(status["VmHWM"].split()[0]) / 1024
            print(f"{'supervisor, 5 secrets, resident at most':44} {most:10.2f} MiB, of it {locked:.2f} locked (needed: 4)")
    process.stdin.close()
    process.wait()


through_pipes()
one_line()
memory()
