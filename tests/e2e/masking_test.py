"""Masking in whole runs: what policy says of it, what is reported, how it fails, what it holds, how it presses back.

What is masked in which form is the library's matter (tests/unit/masking); here the programs are tried as they are used.
"""

import base64
import contextlib
import json
import os
import re
import select
import signal
import subprocess
import threading
import time

import harness
import memory_search
from harness import Background, confide, environment, run


def marker(name="TOKEN"):
    return f"<concealed by confide: {name}>"


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        self.canary = memory_search.Canary()
        self.value = self.canary.value
        self.options = self.secret("TOKEN", self.value)

    def policy(self, output, name="policy.toml"):
        """--policy FILE, whose profile tool has these keys of `output`."""
        return ["--policy", self.file(name, f"version = 1\n[profile.tool]\noutput = {{ {output} }}\n")]

    def assert_clean(self, ran):
        for stream in (ran.out, ran.err, json.dumps(ran.events).encode()):
            self.assertEqual(self.canary.found_in(stream), [], ran)


PRINT_ENCODED = 'echo before; printf %s "$TOKEN" | base64 -w0; echo; echo after; echo to stderr >&2'


class OnLeak(Case):
    """output.on-leak: what follows when an encoded secret is printed."""

    def go(self, word, script=PRINT_ENCODED, verb=run, **more):
        return verb("sh", "-c", script, options=[*self.options, *self.policy(f'on-leak = "{word}"')], status=True, **more)

    def test_mask(self):
        ran = self.go("mask")
        self.assert_code(ran, 0)
        self.assertRegex(ran.text, rf"^before\n{marker()}.?.?\nafter\n$")
        self.assert_clean(ran)

    def test_withhold(self):
        """Nothing more of that stream; the other one and the command go on."""
        ran = self.go("withhold", PRINT_ENCODED + "; touch went-on")
        self.assert_code(ran, 0)
        self.assertEqual(ran.text, f"before\n{marker()}", ran)
        self.assertTrue(os.path.exists("went-on"))
        # Two write to standard error: the command, and confide about it.
        said = 'confide: output.on-leak = "withhold": the rest of stdout is withheld: the secret TOKEN was printed as base64 on stdout\n'
        self.assertEqual(ran.err.decode().replace(said, ""), "to stderr\n", ran)
        self.assertIn("withheld", ran.event("warning")["note"])
        self.assert_clean(ran)

    def test_kill(self):
        ran = self.go("kill", PRINT_ENCODED + "; sleep 30; touch went-on")
        self.assert_fails(ran, 123, 'output.on-leak = "kill"', "TOKEN", "base64", "stdout")
        self.assertLess(ran.seconds, 20)
        self.assertEqual(ran.text, f"before\n{marker()}", ran)
        self.assertFalse(os.path.exists("went-on"))
        failed = ran.event("failed")
        self.assertEqual((failed["code"], failed["masking"]), (123, "on"))
        self.assertEqual(failed["masked"], [{"name": "TOKEN", "form": "base64", "stream": "stdout", "times": 1}])
        self.assert_clean(ran)

    def test_other_forms_end_nothing(self):
        """As it is, escaped, in part: an accident."""
        ran = self.go("kill", 'echo "$TOKEN"; printf %s "$TOKEN" | sed s/-/%2d/g; echo; echo done')
        self.assert_code(ran, 0)
        self.assertEqual(ran.text, f"{marker()}\n{marker()}\ndone\n", ran)

    def test_the_filter_alone(self):
        secret = self.options
        policy = self.policy('on-leak = "kill"')
        encoded = base64.b64encode(self.value.encode())
        ran = confide("mask", *secret, *policy, stdin=b"before\n" + encoded + b"\nafter\n")
        self.assert_fails(ran, 123, "TOKEN", "base64")
        self.assertEqual(ran.text, f"before\n{marker()}", ran)


class Parts(Case):
    HALF = 'echo "$TOKEN" | cut -c-30'

    def test_on(self):
        ran = run("sh", "-c", self.HALF, options=self.options)
        self.assertEqual(ran.text, marker() + "\n", ran)

    def test_off(self):
        ran = run("sh", "-c", f'{self.HALF}; echo "$TOKEN"', options=[*self.options, *self.policy('partial = "off"')])
        self.assertEqual(ran.text, f"{self.value[:30]}\n{marker()}\n", ran)


class ShortAndCommon(Case):
    """Values that would be found everywhere are masked where policy names them, else there is a warning at the start."""

    def setUp(self):
        super().setUp()
        self.options = [*self.secret("PIN", "4711"), *self.secret("MODE", "localhost"), *self.options]

    def warnings(self, ran):
        return sorted(event["note"] for event in ran.events if event["event"] == "warning")

    def test_left_alone_with_a_warning(self):
        ran = run("sh", "-c", 'echo "$PIN $MODE $TOKEN"', options=self.options, status=True)
        self.assertEqual(ran.text, f"4711 localhost {marker()}\n", ran)
        said = self.warnings(ran)
        self.assertEqual(len(said), 2, ran)
        self.assertRegex(said[0], "^MODE is too common to be masked")
        self.assertRegex(said[1], "^PIN is too short to be masked")
        self.assertNotIn("4711", " ".join(said) + ran.err.decode(), "no value is in a warning")
        order = [event["event"] for event in ran.events]
        self.assertLess(order.index("warning"), order.index("started"), "a warning comes before the command does")
        for name in ("PIN", "MODE"):
            self.assertIn(f"confide: {name} is too ".encode(), ran.err)

    def test_masked_where_policy_names_them(self):
        ran = run("sh", "-c", 'echo "$PIN $MODE 47112"', status=True, options=[*self.options, *self.policy('mask-anyway = ["PIN"]')])
        self.assertEqual(ran.text, f"{marker('PIN')} localhost {marker('PIN')}2\n", ran)
        self.assertEqual(len(self.warnings(ran)), 1, ran)

    def test_values_too_large(self):
        options = [*self.secret("LARGE", "0123456789abcdef" * 5000, deliver="file"), *self.options]
        ran = run("sh", "-c", 'head -c 20 "$LARGE_FILE"; echo; echo "$TOKEN"', options=options, status=True)
        self.assertEqual(ran.text, f"0123456789abcdef0123\n{marker()}\n", ran)
        self.assertIn("LARGE is not masked: it is larger than 64 KiB", self.warnings(ran), ran)


class Receipt(Case):
    """Each masking is counted by name, form and stream, and the last event has all of it."""

    def counts(self, event):
        return {(one["name"], one["form"], one["stream"]): one["times"] for one in event["masked"]}

    def test_counts(self):
        other = self.secret("OTHER", "another value of no interest")
        script = 'echo "$TOKEN $TOKEN"; echo "$TOKEN" >&2; printf %s "$OTHER" | od -An -tx1 -v | tr -d " \\n"; echo; echo "$OTHER"'
        ran = run("sh", "-c", script, options=[*self.options, *other], status=True)
        self.assert_code(ran, 0)
        end = ran.events[-1]
        self.assertEqual((end["event"], end["code"], end["masking"]), ("exit", 0, "on"))
        self.assertEqual(self.counts(end), {("TOKEN", "raw", "stdout"): 2, ("TOKEN", "raw", "stderr"): 1,
                                            ("OTHER", "hex", "stdout"): 1, ("OTHER", "raw", "stdout"): 1})
        said = [{key: event[key] for key in ("name", "form", "stream", "times")} for event in ran.events if event["event"] == "masked"]
        self.assertEqual(said, end["masked"], "events and receipt say the same")
        self.assert_clean(ran)

    def test_nothing_masked(self):
        ran = run("true", options=self.options, status=True)
        self.assertEqual((ran.events[-1]["masking"], ran.events[-1]["masked"]), ("on", []))

    def test_without_secrets(self):
        ran = run("true", status=True)
        self.assertEqual((ran.events[-1]["event"], ran.events[-1]["masking"], ran.events[-1]["masked"]), ("exit", "none", []))

    def test_no_masking(self):
        """A person's flag: the value passes, and the receipt says that nothing was concealed."""
        ran = run("sh", "-c", 'echo "$TOKEN"', options=["--no-masking", *self.options], status=True)
        self.assertEqual(ran.text, self.value + "\n", ran)
        self.assertEqual((ran.events[-1]["event"], ran.events[-1]["masking"], ran.events[-1]["masked"]), ("exit", "off", []))

    def test_a_run_that_did_not_begin(self):
        ran = run("no-such-command", options=self.options, status=True)
        self.assert_code(ran, 127)
        self.assertEqual((ran.events[-1]["event"], ran.events[-1]["masking"], ran.events[-1]["masked"]), ("failed", "on", []))


class NoMaskingIsAPersons(Case):
    """Law 4: nothing that an agent sends, sets or writes turns masking off."""

    def test_shell_takes_no_options(self):
        ran = confide("shell", "--no-masking", "--", "true")
        self.assert_fails(ran, 2, "no options")

    def test_from_within_a_sandbox(self):
        """confide run --no-masking --secret, started by a command that runs confined."""
        secret = self.file("project/in-the-project", self.value)
        ran = run(harness.CONFIDE, "run", "--no-masking", "--secret", f"TOKEN=file://{secret}", "--", "sh", "-c", 'echo "$TOKEN"',
                  options=["--read", harness.BIN])
        self.assertEqual(ran.code, 123, ran)
        self.assert_clean(ran)

    def test_no_variable_does_it(self):
        ran = run("sh", "-c", 'echo "$TOKEN"', options=self.options,
                  env=environment(CONFIDE_NO_MASKING="1", NO_MASKING="1", CONFIDE_MASKING="off", CONFIDE_OPTIONS="--no-masking"))
        self.assertEqual(ran.text, marker() + "\n", ran)

    def test_no_policy_key_does_it(self):
        for text in ("masking = false", 'output = { masking = "off" }', "output = { no-masking = true }", 'output = { on-leak = "ignore" }'):
            file = self.file("policy.toml", f"version = 1\n[profile.tool]\n{text}\n")
            ran = run("true", options=[*self.options, "--policy", file])
            self.assertEqual(ran.code, 123, ran)


HOLD = """
import os, sys, time
value = os.environ['TOKEN']
for name in ('stdout', 'stderr'):
    stream = getattr(sys, name)
    stream.write('x ' + value + ' ' + value[:-3]); stream.flush()  # the second one is held back: more may come
time.sleep(0.2)
sys.stdout.write('\\n'); sys.stdout.flush()
time.sleep(600)
"""


def supervisor_below(pid):
    found = [number for number, name in harness.descendants(pid).items() if name.startswith("confide-supervi")]
    return found[0] if found else None


class Memory(Case):
    """What the masker holds lies in locked memory that no dump has, and goes with it."""

    def test_locked_and_undumpable(self):
        with Background("run", *self.options, "--", harness.PYTHON, "-c", HOLD) as running:
            running.line()
            supervisor = harness.wait_for(lambda: supervisor_below(running.pid))
            if not harness.AS_ROOT:
                with self.assertRaises(PermissionError):
                    open(f"/proc/{supervisor}/mem", "rb").close()
                return
            blocks = self.mappings(supervisor)
            holding = [flags for flags, data in blocks if self.canary.found_in(data)]
            self.assertTrue(all({"lo", "dd"} <= flags for flags in holding), f"the value lies in memory with {holding}")
            self.assertTrue(holding or any("lo" in flags for flags, _ in blocks), "nothing is locked: the masker is not there")
            # Not even most of one: what is held back, and the needles, which are the value with - as +.
            for needle in (self.value[:-3].encode(), self.value.replace("-", "+").encode(), self.value[:20].encode(),
                           base64.b64encode(self.value.encode())[:30]):
                for flags, data in blocks:
                    self.assertFalse(needle in data and not {"lo", "dd"} <= flags, f"{needle[:4]}… in memory with {flags}")

    def mappings(self, pid):
        """(flags, bytes) of everything that can be read."""
        with open(f"/proc/{pid}/smaps", encoding="utf-8") as file:
            blocks = re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", file.read())
        found = []
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for block in blocks:
                flags = re.search(r"VmFlags:(.*)", block)
                if not flags:
                    continue
                begin, end = (int(number, 16) for number in block.split()[0].split("-"))
                data = b""
                try:
                    memory.seek(begin)
                    data = memory.read(end - begin)
                except (OSError, OverflowError):
                    pass  # memfd_secret(2): nobody reads it
                found.append((set(flags[1].split()), data))
        return found

    def test_it_is_small(self):
        """The supervisor of a run with five secrets: at most 4 MiB, locked memory counted."""
        options = [word for n in range(5) for word in self.secret(f"SECRET_{n}", f"{harness.new_token()}-{harness.new_token()}")]
        with Background("run", *options, "--", "sh", "-c", "echo go; sleep 600") as running:
            running.line()
            supervisor = supervisor_below(running.pid)
            with open(f"/proc/{supervisor}/status", encoding="utf-8") as file:
                status = dict(line.split(":", 1) for line in file)
            kib = {name: int(status[name].split()[0]) for name in ("VmHWM", "VmLck")}
            self.assertGreater(kib["VmLck"], 100, "the tables are locked")
            self.assertLessEqual(kib["VmHWM"], 4096, kib)


class FailsClosed(Case):
    def test_nothing_is_launched_where_memory_cannot_be_locked(self):
        """A megabyte of tables where 512 KiB may be locked."""
        limit = ["prlimit", "--memlock=524288:524288"]
        if harness.AS_ROOT:  # whom no such limit holds
            limit = ["setpriv", "--bounding-set", "-ipc_lock", "--inh-caps", "-ipc_lock", "--", *limit]
        options = [word for n in range(64) for word in self.secret(f"S{n}", f"{harness.new_token()}{harness.new_token()}{harness.new_token()}")]
        ran = run("touch", "launched", options=options, prefix=limit, status=True)
        self.assertEqual(ran.code, 125, ran)
        self.assertFalse(os.path.exists("launched"), ran)
        self.assertIn("RLIMIT_MEMLOCK", " ".join(ran.errors), ran)
        self.assertIsNone(ran.event("started"))
        # The same with room for them.
        self.assert_code(run("true", options=self.options, prefix=limit), 0)

    def test_a_masker_that_dies_ends_the_run(self):
        """Its output stops, nothing passes around it, the command is gone, the exit status is 125."""
        token = harness.new_token()
        script = f'echo begun; while :; do echo "$TOKEN {token}"; sleep 0.01; done'
        with Background("run", *self.options, "--", "sh", "-c", script) as running:
            running.line()
            supervisor = harness.wait_for(lambda: supervisor_below(running.pid))
            os.kill(supervisor, signal.SIGKILL)
            self.assertEqual(running.wait(), 125)
            out, err = running.process.communicate(timeout=10)
            self.assertEqual(self.canary.found_in(out), [])
            self.assertIn(b"the supervisor ended without a word", err)
            self.assertEqual(harness.wait_for(lambda: not harness.processes_with(token)), True, "the command lives on")


class BackPressure(Case):
    """A reader that stops stops the command; what waits stays small; what was written comes through whole."""

    WRITER = """
import os
block = (b'0123456789abcdef' * 4 + b'\\n') * 1000
total = 0
while total < 64 << 20:
    total += os.write(1, block)
    with open('written', 'w') as file: file.write(str(total))
"""

    def written(self):
        try:
            with open("written", encoding="utf-8") as file:
                return int(file.read() or 0)
        except (FileNotFoundError, ValueError):
            return 0

    def test_a_stopped_reader_stops_the_command(self):
        with Background("run", *self.options, "--", harness.PYTHON, "-c", self.WRITER) as running:
            self.assertTrue(harness.wait_for(lambda: self.written() > 65536))
            before = -1
            while before != self.written():  # until it stands still
                before = self.written()
                time.sleep(0.7)
            self.assertLess(before, 2 << 20, "two pipes of 64 KiB and less than 1 MiB between them")
            supervisor = supervisor_below(running.pid)
            with open(f"/proc/{supervisor}/status", encoding="utf-8") as file:
                rss = int(re.search(r"VmHWM:\s+(\d+)", file.read())[1])
            self.assertLess(rss, 6144, "memory is bounded while nobody reads")
            # And goes on where it was, with nothing lost.
            total = 0
            fd = running.process.stdout.fileno()
            while data := os.read(fd, 1 << 16):
                total += len(data)
            self.assertEqual(running.wait(), 0)
            self.assertEqual(total, self.written())

    def closed_pipe(self):
        """Both ends of a pipe that a user cannot open anew, as one of another user's (su, sudo -u) cannot be."""
        reader, writer = os.pipe()
        os.fchmod(writer, 0)
        if not harness.AS_ROOT:
            with self.assertRaises(PermissionError):
                os.open(f"/proc/self/fd/{writer}", os.O_WRONLY)
        return open(reader, "rb"), open(writer, "wb")

    @staticmethod
    def is_full(writer):
        return not select.select([], [writer], [], 0)[1]

    def test_a_pipe_that_cannot_be_opened_anew(self):
        script = "head -c 300000 /dev/zero | tr '\\0' x; echo end"
        reader, writer = self.closed_pipe()
        with reader, Background("run", *self.options, "--", "sh", "-c", script, stdout=writer) as running:
            self.assertTrue(harness.wait_for(lambda: self.is_full(writer)))
            writer.close()
            self.assertEqual(reader.read(), b"x" * 300000 + b"end\n")
            self.assertEqual(running.wait(), 0)

    def test_its_stopped_reader_holds_up_no_time_limit(self):
        self.file("project/policy.toml", 'version = 1\n[profile.short]\nextends = "tool"\nlimits = { timeout = "1s", grace = "1s" }\n')
        reader, writer = self.closed_pipe()
        with reader, writer, Background("run", "--policy", "policy.toml", "--profile", "short", *self.options, "--", "yes", stdout=writer) as running:
            self.assertEqual(running.wait(20), 124)

    def test_its_stopped_reader_keeps_nothing_alive(self):
        token = harness.new_token()
        reader, writer = self.closed_pipe()
        with reader, writer, Background("run", *self.options, "--", "yes", token, stdout=writer) as running:
            self.assertTrue(harness.wait_for(lambda: self.is_full(writer)))
            self.assertTrue(harness.processes_with(token))
            running.signal(signal.SIGKILL)
            running.wait()
            self.assertTrue(harness.wait_for(lambda: not harness.processes_with(token)), "all of it is gone")

    def test_output_that_is_given_up_is_said_to_be_lost(self):
        script = "head -c 300000 /dev/zero | tr '\\0' x; : > finished"
        with Background("run", *self.options, "--", "sh", "-c", script) as running:
            self.assertTrue(harness.wait_for(lambda: os.path.exists("finished")))
            # Once to the command, if it is still there, and once to the wait for a reader.
            self.assertTrue(harness.wait_for(lambda: running.process.poll() is not None or running.signal(signal.SIGTERM), every=0.2))
            self.assertEqual(running.wait(), 143)
            self.assertIn(b"the end of the output is lost", running.process.stderr.read())

    def test_a_full_disk_is_an_error(self):
        """Of the size that a file may have, which needs no disk of its own."""
        small = ["sh", "-c", 'ulimit -f 64; exec "$@"', "sh"]
        for command in (["run", *self.options, "--", "sh", "-c", "head -c 300000 /dev/zero"], ["mask", *self.options]):
            with self.subTest(verb=command[0]), open("out", "wb") as out:
                ran = subprocess.run([*small, harness.CONFIDE, *command], input=b"x" * 300000, stdout=out, stderr=subprocess.PIPE,
                                     env=environment(), check=False)
                self.assertEqual(ran.returncode, 125, ran)
                self.assertIn(b"confide: standard output: write: File too large", ran.stderr)

    def test_a_reader_that_leaves(self):
        """SIGPIPE, as without us."""
        ran = subprocess.run(["sh", "-c", f'{harness.CONFIDE} run "$@" -- sh -c "while echo x; do :; done; echo ended >ended" | head -n 3', "sh", *self.options],
                             env=environment(), capture_output=True, timeout=60, check=False)
        self.assertEqual(ran.stdout, b"x\nx\nx\n", ran)


class AsAFilter(Case):
    """confide mask in a pipeline: signals, a reader that goes away, a job that is stopped."""

    def start(self, **popen):
        running = Background("mask", *self.options, stdin=subprocess.PIPE, **popen)
        self.addCleanup(running.__exit__)
        return running

    def feed(self, running, text):
        running.process.stdin.write(text)
        running.process.stdin.flush()

    def test_ends_with_a_signal_after_what_it_held_back(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            running = self.start()
            self.feed(running, f"up\n{self.value} and {self.value[:9]}".encode())
            self.assertEqual(running.line(), "up")
            running.signal(number)
            self.assertEqual(running.wait(), 128 + number)
            self.assertEqual(running.process.stdout.read(), f"{marker()} and {self.value[:9]}".encode())
            self.assertEqual(running.process.stderr.read(), b"")

    def test_ends_though_nobody_reads(self):
        running = self.start()
        with contextlib.suppress(BlockingIOError):
            os.set_blocking(running.process.stdin.fileno(), False)
            while True:
                os.write(running.process.stdin.fileno(), b"x" * 65536)
                harness.wait_for(lambda: select.select([], [running.process.stdin], [], 0.5)[1], 1)
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait(), 143)

    def test_a_reader_that_leaves(self):
        script = f'{{ yes | {harness.CONFIDE} mask "$@"; echo $? >status; }} | head -n 2'
        ran = subprocess.run(["sh", "-c", script, "sh", *self.options], env=environment(), capture_output=True, timeout=60, check=False, cwd=self.base)
        self.assertEqual((ran.stdout, ran.stderr), (b"y\ny\n", b""))
        with open(self.path("status"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "141\n")

    def test_stops_and_goes_on(self):
        running = self.start()
        self.feed(running, b"one\n")
        self.assertEqual(running.line(), "one")
        running.signal(signal.SIGTSTP)
        self.assertTrue(harness.wait_for(lambda: harness.processes()[running.pid][0] == "T"))
        self.feed(running, f"{self.value}\n".encode())
        self.assertEqual(select.select([running.process.stdout], [], [], 0.3)[0], [])
        running.signal(signal.SIGCONT)
        self.assertEqual(running.line(), marker())
        running.process.stdin.close()
        self.assertEqual(running.wait(), 0)

    def test_a_pipe_that_does_not_block(self):
        """As a program with an event loop hands it over: what it cannot take now waits."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        running = self.start(stdout=writer)
        os.close(writer)
        line = b"x" * 99 + b"\n"
        feeder = threading.Thread(target=lambda: (self.feed(running, line * 10_000), running.process.stdin.close()))
        feeder.start()
        with open(reader, "rb") as file:
            self.assertTrue(file.read() == line * 10_000)
        feeder.join()
        self.assertEqual(running.wait(), 0)


class Liveness(Case):
    """A prompt is there at once, and a slow writer gives away four characters at most."""

    def test_a_slow_writer(self):
        script = "import os,time\nfor c in 'a' + os.environ['TOKEN'] + 'b':\n  print(c, end='', flush=True); time.sleep(0.03)"
        ran = run(harness.PYTHON, "-c", script, options=self.options)
        shown = ran.text.replace(marker(), "|")
        self.assertRegex(shown, r"^a.{0,4}\|b$", ran)
        self.assertTrue(("a" + self.value).startswith(shown.split("|")[0]), ran)

    def test_a_prompt(self):
        """What begins no secret passes without waiting, what begins one after 20 ms."""
        with Background("run", *self.options, "--", "sh", "-c", "printf 'Password: '; sleep 600") as running:
            data = b""
            while len(data) < 10 and select.select([running.process.stdout], [], [], 20)[0]:
                data += os.read(running.process.stdout.fileno(), 100)
            self.assertEqual(data, b"Password: ")

    def test_streams_stay_apart(self):
        script = 'printf %s "$TOKEN" | cut -c-20 | tr -d "\\n"; printf %s "$TOKEN" | cut -c21- >&2'
        ran = run("sh", "-c", f"{script}; echo", options=self.options)
        self.assertIn(b"\n", ran.out)
        self.assertNotIn(marker().encode(), ran.out[:5], "each stream is a stream of its own")


if __name__ == "__main__":
    harness.main()
