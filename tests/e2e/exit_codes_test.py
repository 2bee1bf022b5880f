"""Exit codes and errors: whose fault it was, in one line, and nothing launched where confide refuses."""

import json
import os
import signal
import socket
import threading
import time

import harness
from harness import each_form, run


class OfTheCommand(harness.Case):
    @each_form
    def test_its_own_code(self, options):
        for code in (0, 1, 3, 42, 123, 124, 125, 126, 127, 200, 255):
            self.assert_code(run("sh", "-c", f"exit {code}", options=options), code)

    @each_form
    def test_128_plus_signal(self, options):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGSEGV, signal.SIGABRT,
                       signal.SIGPIPE, signal.SIGXCPU):
            ran = run("sh", "-c", f"kill -{int(number)} $$", options=options, status=True)
            self.assert_code(ran, 128 + number)
            self.assertEqual(ran.event("exit")["signal"], number, ran)
            self.assertEqual(ran.event("exit")["code"], 128 + number, ran)

    @each_form
    def test_a_code_that_looks_like_a_signal_is_none(self, options):
        ran = run("sh", "-c", "exit 137", options=options, status=True)
        self.assert_code(ran, 137)
        self.assertEqual(ran.event("exit")["signal"], 0, ran)


class NotStarted(harness.Case):
    @each_form
    def test_127_not_found(self, options):
        for command in ("no-such-command", "./no-such-command", "/no/such/command", "no-such-folder/x"):
            self.assert_fails(run(command, options=options), 127, command, "not found")
        self.assert_code(run("", options=options), 127)  # as execvp(3) has it

    @each_form
    def test_126_not_executable(self, options):
        self.file("project/plain.txt", "no program\n")
        self.file("project/noexec.sh", "#!/bin/sh\necho ran\n", 0o644)
        self.folder("project/folder")
        for command in ("./plain.txt", "./noexec.sh", "./folder", "/usr", "."):
            ran = run(command, options=options)
            self.assert_fails(ran, 126, command)
            self.assertEqual(ran.out, b"", ran)

    @each_form
    def test_126_bad_interpreter(self, options):
        """The file is there: what is missing is what its first line names, and the error says so."""
        self.file("project/bad", "#!/no/such/interpreter\necho ran\n", 0o755)
        self.assert_fails(run("./bad", options=options), 126, "./bad", "interpreter")

    @each_form
    def test_126_on_the_path_without_the_bit(self, options):
        self.folder("project/bin")
        self.file("project/bin/tool-without-bit", "#!/bin/sh\n", 0o644)
        env = harness.environment(PATH=f"{harness.BIN}:/usr/bin:/bin:{self.project}/bin")
        self.assert_fails(run("tool-without-bit", options=options, env=env), 126, "tool-without-bit")

    @each_form
    def test_a_program_of_a_foreign_format(self, options):
        self.file("project/garbage", b"\x00\x01\x02garbage" * 9, 0o755)
        self.assert_fails(run("./garbage", options=options), 126, "./garbage")

    @each_form
    def test_a_script_without_a_first_line_is_the_shells(self, options):
        """execvp(3): a file without a known format goes to /bin/sh."""
        self.file("project/script", "echo ran by the shell: $1\nexit 9\n", 0o755)
        ran = run("./script", "argument", options=options)
        self.assert_code(ran, 9)
        self.assertEqual(ran.text, "ran by the shell: argument\n", ran)

    @each_form
    def test_the_first_that_runs_on_the_path(self, options):
        for name, mode in (("first", 0o644), ("second", 0o755)):
            self.folder(f"project/{name}")
            self.file(f"project/{name}/chosen", f"#!/bin/sh\necho {name}\n", mode)
        env = harness.environment(PATH=f"{self.project}/first:{self.project}/second:/usr/bin:/bin")
        ran = run("chosen", options=options, env=env)
        self.assert_code(ran, 0)
        self.assertEqual(ran.text, "second\n", ran)


class Launcher(harness.Case):
    def test_a_limit_is_kept_or_refused(self):
        layers = {row["layer"]: row["works"] for row in json.loads(harness.confide("doctor", "--json").out)["layers"]}
        ran = run("echo", "launched", options=["--memory", "64M"])
        if layers["cgroup"]:
            self.assert_code(ran, 0)
        else:
            self.assert_fails(ran, 125, "cgroup")
            self.assertEqual(ran.out, b"", ran)

    @each_form
    def test_125_without_descriptors(self, options):
        ran = run("echo", "launched", options=options, prefix=["/bin/sh", "-c", 'ulimit -n 6; exec "$@"', "sh"])
        self.assert_fails(ran, 125, "Too many open files")
        self.assertEqual(ran.out, b"", ran)

    def test_125_in_status_and_json(self):
        ran = run("echo", "launched", options=["--json"], status=True, prefix=["/bin/sh", "-c", 'ulimit -n 7; exec "$@"', "sh"])
        self.assert_code(ran, 125)
        self.assertEqual(json.loads(ran.err)["error"]["exit"], 125, ran)
        self.assertEqual(ran.event("failed")["code"], 125, ran)

    def test_memory_that_cannot_be_locked_carries_no_secret(self):
        if harness.AS_ROOT:
            prefix = ["/usr/sbin/capsh", "--drop=cap_ipc_lock", "--", "-c", 'ulimit -l 0; exec "$@"', "sh"]
        else:
            prefix = ["/bin/sh", "-c", 'ulimit -l 0; exec "$@"', "sh"]
        ran = run("echo", "launched", options=self.secret("TOKEN", "x" * 20), prefix=prefix)
        self.assert_fails(ran, 125, "MEMLOCK")
        self.assertEqual(ran.out, b"", ran)


class TimeLimit(harness.Case):
    @each_form
    def test_124(self, options):
        ran = run("sleep", "600", options=[*options, "--timeout", "500ms"], status=True)
        self.assert_fails(ran, 124, "time limit")
        self.assertTrue(ran.event("exit")["time_limit"], ran)

    @each_form
    def test_sigterm_comes_first(self, options):
        """A command that ends on SIGTERM has its word, and its code does not hide that time was up."""
        ran = run("sh", "-c", 'trap "echo got TERM; exit 7" TERM; echo started; sleep 600 & wait', options=[*options, "--timeout", "700ms"])
        self.assert_fails(ran, 124, "time limit")
        self.assertEqual(ran.text, "started\ngot TERM\n", ran)

    @each_form
    def test_sigkill_of_the_whole_tree_follows(self, options):
        token = harness.new_token()
        self.file("project/stubborn.py", STUBBORN)
        ran = run(harness.PYTHON, "stubborn.py", token, options=[*options, "--timeout", "1s"])
        self.assert_fails(ran, 124, "time limit")
        self.assertIn("all are there", ran.text)
        self.assertGreater(ran.seconds, 2.5, f"grace is two seconds\n{ran}")
        self.assertEqual(harness.wait_for(lambda: not harness.processes_with(token), 10), True, harness.processes_with(token))

    @each_form
    def test_a_stopped_command(self, options):
        ran = run("sh", "-c", "kill -STOP $$; echo never", options=[*options, "--timeout", "700ms"], limit=30)
        self.assert_fails(ran, 124, "time limit")

    @each_form
    def test_a_run_within_its_time(self, options):
        ran = run("sh", "-c", "exit 5", options=[*options, "--timeout", "60s"], status=True)
        self.assert_code(ran, 5)
        self.assertFalse(ran.event("exit")["time_limit"], ran)

    def test_durations(self):
        for text in ("0", "-1s", "1x", "abc", "", "1s2", "99999999999999999999s"):
            ran = run("true", options=[f"--timeout={text}"])
            self.assert_code(ran, 2)
            self.assertEqual(len(ran.errors), 1, ran)
        for text in ("10", "10s", "10000ms", "1m", "1h"):
            self.assert_code(run("true", options=["--timeout", text]), 0)


STUBBORN = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(write, b"x")
        while True: time.sleep(60)
    while True: time.sleep(60)
os.read(read, 1)
print("all are there", flush=True)
while True: time.sleep(60)
"""


class Refused(harness.Case):
    """123, the name, never the value, and nothing launched."""

    def refused(self, *words, options, **more):
        ran = run("echo", "launched", options=options, **more)
        self.assert_fails(ran, 123, *words)
        self.assertEqual(ran.out, b"", ran)
        return ran

    def test_malformed_references(self):
        for text in ("VALUE", "", "op:/v/i/f", "OP://v/i/f", "op://v", "file://relative", "file:/x", "env:", "env:1X", "fd:x", "fd:-1", "fd:2",
                     "stdin:x", "confide://", "vault://kv"):
            ran = run("echo", "launched", options=["--secret", f"TOKEN={text}"])
            self.assert_code(ran, 123)
            self.assertIn("TOKEN", ran.errors[0], ran)

    def test_a_value_in_the_wrong_place_is_not_repeated(self):
        value = f"CANARY-{harness.new_token()}"
        for option in (f"TOKEN={value}", f"TOKEN={value},deliver=file", f"TOKEN=opp://{value}", f"TOKEN=file://{value}"):
            for verb in (["run"], ["run", "--dry-run"], ["run", "--json"], ["explain"]):
                ran = harness.confide(*verb, "--secret", option, "--", "echo", "launched")
                self.assert_code(ran, 123)
                self.assertNotIn(value.encode(), ran.err + ran.out, ran)

    def test_all_failing_names_at_once(self):
        ran = self.refused("ABSENT", "UNSET", "CLOSED", "FOLDER", options=[
            "--secret", "ABSENT=file:///no/such/file", "--secret", "UNSET=env:NO_SUCH_VARIABLE",
            "--secret", "CLOSED=fd:9", "--secret", "FOLDER=file:///usr", *self.secret("GOOD", "value")])
        self.assertNotIn("GOOD", ran.errors[0], ran)

    def test_all_failing_names_of_flags_and_files(self):
        path = self.file("project/some.env", "IN_FILE=file:///no/such/file\nALSO=env:NO_SUCH_VARIABLE\nGOOD=plain\n")
        ran = self.refused("IN_FILE", "ALSO", "FLAG", options=["--env-file", path, "--secret", "FLAG=file:///no/such"])
        self.assertNotIn("GOOD", ran.errors[0], ran)

    def test_malformed_and_unresolved_at_once(self):
        self.refused("MALFORMED", "ABSENT", options=["--secret", "MALFORMED=nothing", "--secret", "ABSENT=file:///no/such/file"])

    def test_unreadable_env_files(self):
        self.refused("/no/such/file", options=["--env-file", "/no/such/file"])
        self.refused("/usr", options=["--env-file", "/usr"])
        self.refused("/dev/zero", options=["--env-file", "/dev/zero"])
        if not harness.AS_ROOT:
            path = self.file("closed.env", "A=b\n", 0o000)
            self.refused(path, options=["--env-file", path])

    def test_malformed_env_files(self):
        canary = f"CANARY-{harness.new_token()}"
        for text in (f"no assignment {canary}\n", f"1BAD={canary}\n", f"A B={canary}\n", f"A=\"{canary}\n", f"A='{canary}\n", f"A='x' {canary}\n",
                     f"A={canary}\0\n", f"A={canary}${{NO_SUCH_VARIABLE}}\n", f"A={canary}${{X:?y}}\n", f"=x{canary}\n"):
            path = self.file("project/bad.env", f"# comment\n{text}")
            ran = self.refused("bad.env:2", options=["--env-file", path])
            self.assertNotIn(canary.encode(), ran.err, ran)

    def test_two_gigabytes(self):
        path = self.file("sparse")
        os.truncate(path, 2 << 30)
        for deliver in ("env", "file", "fd", "stdin"):
            ran = self.refused("BIG", options=["--secret", f"BIG=file://{path},deliver={deliver}"])
            self.assertLess(ran.seconds, 20, ran)
        self.refused("sparse", options=["--env-file", path])
        descriptor = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        self.refused("BIG", options=["--secret", f"BIG=fd:{descriptor}"], pass_fds=(descriptor,))
        self.refused("BIG", options=["--secret", "BIG=stdin:"], stdin=descriptor)

    def test_an_endless_pipe(self):
        reader, writer = os.pipe()
        stop = threading.Event()

        def feed():
            with open(writer, "wb", buffering=0) as file:
                while not stop.is_set():
                    try:
                        file.write(b"x" * 65536)
                    except BrokenPipeError:
                        return

        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        ran = self.refused("BIG", options=["--secret", "BIG=stdin:"], stdin=reader)
        stop.set()
        os.close(reader)
        feeder.join(10)
        self.assertFalse(feeder.is_alive(), ran)

    def test_duplicate_names(self):
        once = self.secret("TOKEN", "value")
        ran = self.refused("TOKEN", options=[*once, *once])
        self.assertNotIn("descriptor", ran.errors[0], "what is wrong is the name, and nothing else")
        self.refused("TOKEN_FD", options=[*self.secret("TOKEN", "v", deliver="fd"), *self.secret("TOKEN_FD", "v")])
        self.refused("TOKEN_FILE", options=[*self.secret("TOKEN", "v", deliver="file"), *self.secret("TOKEN_FILE", "v")])

    def test_two_standard_inputs(self):
        self.refused("B", options=[*self.secret("A", "v", deliver="stdin"), *self.secret("B", "v", deliver="stdin")])

    def test_bad_names(self):
        path = self.file("value", "some value")
        for name in ("1ST", "WITH SPACE", "NEW\nLINE", "-DASH", "A\x1bB", "É", "x" * 300):
            self.refused(options=["--secret", f"{name}=file://{path}"])
        self.refused("WITH SPACE", options=["--secret", f"WITH SPACE=file://{path}"])
        ran = self.refused(options=["--secret", f"=file://{path}"])
        self.assertIn("name", ran.errors[0], ran)

    def test_bad_deliveries(self):
        for text in ("deliver=fil", "deliver=", "deliver=ENV", "deliver=env,path=/x", "path=relative"):
            path = self.file("value", "some value")
            self.refused("TOKEN", options=["--secret", f"TOKEN=file://{path},{text}"])

    def test_nul_in_an_environment_value(self):
        self.refused("TOKEN", "NUL", options=self.secret("TOKEN", b"a\0b"))
        ran = run("sh", "-c", "od -An -c $TOKEN_FILE", options=self.secret("TOKEN", b"a\0b", deliver="file"))
        self.assertEqual(ran.text.split(), ["a", "\\0", "b"], ran)

    def test_one_string_of_the_environment(self):
        """execve(2) takes 131072 bytes with the NUL: NAME=value has at most 131071."""
        fits = 131071 - len("TOKEN=")
        ran = run("sh", "-c", "printf %s \"$TOKEN\" | wc -c", options=self.secret("TOKEN", b"v" * fits))
        self.assert_code(ran, 0)
        self.assertEqual(int(ran.text), fits, ran)
        self.refused("TOKEN", "131071", options=self.secret("TOKEN", b"v" * (fits + 1)))

    def test_unknown_providers(self):
        for reference in ("op://vault/item/field", "vault://kv/x#y", "exec:program"):
            ran = self.refused("TOKEN", options=["--secret", f"TOKEN={reference}"])
            self.assertEqual(ran.out, b"", ran)

    def test_what_is_no_regular_file(self):
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(self.path("socket"))
        os.symlink("loop", self.path("loop"))
        for path in (fifo, self.path("socket"), self.path("loop"), "/dev/zero", "/usr", self.path("absent")):
            ran = self.refused("TOKEN", options=["--secret", f"TOKEN=file://{path}"])
            self.assertLess(ran.seconds, 20, ran)

    def test_policy_files(self):
        for text, word in (("version = 1\n[profile.x]\nextends = \"tool\"\nnetwrk = \"none\"\n", "bad.toml:4:1"), ("not toml", "bad.toml:1"),
                           ("version = 7\n", "bad.toml:1")):
            path = self.file("project/bad.toml", text)
            self.refused(word, options=["--policy", path])
        self.refused("/no/such.toml", options=["--policy", "/no/such.toml"])


class Usage(harness.Case):
    def wrong(self, *arguments, words=()):
        ran = harness.confide(*arguments)
        self.assert_fails(ran, 2, *words)
        self.assertEqual(ran.out, b"", ran)
        return ran

    def test_did_you_mean(self):
        self.wrong("rnu", "--", "true", words=["did you mean `run`"])
        self.wrong("explian", "--", "true", words=["did you mean `explain`"])
        self.wrong("run", "--profle", "tool", "--", "true", words=["did you mean `--profile`"])
        self.wrong("run", "--netwrok=host", "--", "true", words=["did you mean `--network`"])
        self.wrong("explain", "--sercet", "A=env:B", "--", "true", words=["did you mean `--secret`"])
        self.wrong("run", "--network", "hots", "--", "true", words=["did you mean \"host\""])
        self.wrong("policy", "chekc", "file", words=["did you mean `check`"])
        self.wrong("run", "--profile", "toool", "--", "true", words=["did you mean `tool`"])

    def test_wrong_usage(self):
        for arguments in (["run"], ["run", "--"], ["run", "--timeout"], ["run", "--read", "--", "true"], ["run", "--no-such-option", "--", "true"],
                          ["run", "--status-fd", "99", "--", "true"], ["run", "--status-fd", "x", "--", "true"], ["run", "word", "--", "true"],
                          ["run", "--env", "BAD NAME=x", "--", "true"], ["run", "--env", "=x", "--", "true"], ["run", "--memory", "lots", "--", "true"],
                          ["run", "--pids", "0", "--", "true"], ["run", "--cpu", "none", "--", "true"], ["shell"], ["shell", "string"],
                          ["policy"], ["policy", "check"], ["doctor", "--frob"], ["no-such-verb"]):
            with self.subTest(arguments=arguments):
                self.wrong(*arguments)

    def test_no_arguments_at_all(self):
        ran = harness.confide()
        self.assert_code(ran, 2)
        self.assertIn(b"usage", ran.err, ran)


class Json(harness.Case):
    """With --json an error is one object on standard error, and nothing else stands there."""

    def object_of(self, code, *arguments, **more):
        ran = harness.confide(*arguments, **more)
        self.assert_code(ran, code)
        try:
            error = json.loads(ran.err)["error"]
        except (ValueError, KeyError, TypeError):
            self.fail(f"standard error is not one JSON object\n{ran}")
        self.assertEqual(error["exit"], code, ran)
        self.assertEqual(ran.err.count(b"\n"), 1, ran)
        return error

    def test_objects(self):
        self.assertEqual(self.object_of(127, "run", "--json", "--", "no-such-command")["kind"], "not-found")
        self.assertEqual(self.object_of(126, "run", "--json", "--", "/usr")["kind"], "not-executable")
        self.assertEqual(self.object_of(123, "run", "--json", "--policy", "/no/such", "--", "true")["kind"], "refused")

    def test_time_limit(self):
        self.assertEqual(self.object_of(124, "run", "--json", "--timeout", "300ms", "--", "sleep", "60")["kind"], "time-limit")

    def test_usage(self):
        self.assertEqual(self.object_of(2, "run", "--json", "--no-such-option", "--", "true")["kind"], "usage")
        self.assertEqual(self.object_of(2, "run", "--json", "--network", "hots", "--", "true")["kind"], "usage")

    def test_refused_secrets(self):
        error = self.object_of(123, "run", "--json", "--secret", "TOKEN=file:///no/such", "--", "true")
        self.assertIn("TOKEN", error["message"])

    def test_bytes_that_are_no_utf8(self):
        self.object_of(127, "run", "--json", "--", b"no\xffsuch")


class Timing(harness.Case):
    @each_form
    def test_nothing_waits_without_need(self, options):
        """A short command is over when it is over, whatever limit was set."""
        started = time.monotonic()
        self.assert_code(run("true", options=[*options, "--timeout", "60s"]), 0)
        self.assertLess(time.monotonic() - started, 20)


if __name__ == "__main__":
    harness.main()
