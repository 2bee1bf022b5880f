"""Standard input, output and error: what may enter a sandbox, what may not, and that what passes, passes whole."""

import fcntl
import hashlib
import os
import socket
import stat
import select
import subprocess
import tempfile
import threading
import time

import harness
from harness import CONFIDE, each_form, environment, run

STREAMS = ("stdin", "stdout", "stderr")
# Says what it reads on standard output and standard error.
ECHO = 'IFS= read -r line; echo "out $line"; echo "err $line" >&2'


class Accepted(harness.Case):
    def check(self, out, err, word="hello"):
        self.assertEqual(out, f"out {word}\n".encode())
        self.assertIn(f"err {word}\n".encode(), err)

    @each_form
    def test_pipes(self, options):
        ran = run("sh", "-c", ECHO, options=options, stdin=b"hello\n")
        self.assert_code(ran, 0)
        self.check(ran.out, ran.err)

    @each_form
    def test_sockets(self, options):
        ours, theirs = zip(*(socket.socketpair() for _ in STREAMS))
        ours[0].sendall(b"hello\n")
        ours[0].shutdown(socket.SHUT_WR)
        process = subprocess.Popen([CONFIDE, "run", *options, "--", "sh", "-c", ECHO], env=environment(),
                                   **dict(zip(STREAMS, theirs)))
        for end in theirs:
            end.close()
        self.assertEqual(process.wait(harness.LIMIT_SECONDS), 0)
        self.check(*(_drain(end) for end in ours[1:]))
        for end in ours:
            end.close()

    @each_form
    def test_regular_files(self, options):
        self.file("in", "hello\n")
        with open(self.path("in"), "rb") as source, open(self.path("out"), "wb") as out, open(self.path("err"), "wb") as err:
            subprocess.run([CONFIDE, "run", *options, "--", "sh", "-c", ECHO], env=environment(), stdin=source, stdout=out, stderr=err, check=True,
                           timeout=harness.LIMIT_SECONDS)
        with open(self.path("out"), "rb") as out, open(self.path("err"), "rb") as err:
            self.check(out.read(), err.read())

    @each_form
    def test_one_file_for_both_in_append_mode(self, options):
        path = self.file("log", "before\n")
        with open(path, "ab") as log:
            subprocess.run([CONFIDE, "run", *options, "--", "sh", "-c", "echo one; echo two >&2; echo three"], env=environment(), stdin=subprocess.DEVNULL,
                           stdout=log, stderr=log, check=True, timeout=harness.LIMIT_SECONDS)
        with open(path, encoding="utf-8") as log:
            text = log.read()
        self.assertTrue(text.startswith("before\n"), text)
        if options:
            # The two streams pass a masker each, which may hold back the beginning of what could become a secret.
            self.assertEqual(sorted(text), sorted("before\none\ntwo\nthree\n"))
        else:
            self.assertEqual(text, "before\none\ntwo\nthree\n")

    @each_form
    def test_a_file_is_read_from_where_it_stands(self, options):
        """The caller's file offset counts and moves, as it would without confide."""
        path = self.file("lines", "first\nsecond\nthird\n")
        descriptor = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        os.lseek(descriptor, 6, os.SEEK_SET)
        ran = run("cat", options=options, stdin=descriptor)
        self.assertEqual(ran.text, "second\nthird\n", ran)
        self.assertEqual(os.lseek(descriptor, 0, os.SEEK_CUR), os.path.getsize(path))

    @each_form
    def test_dev_null(self, options):
        ran = run("sh", "-c", "cat; test -c /dev/stdin && echo a device", options=options)
        self.assert_code(ran, 0)
        self.assertEqual(ran.text, "a device\n", ran)
        ran = run("sh", "-c", "echo hi; echo hi >&2; exit 4", options=options, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.assert_code(ran, 4)

    @each_form
    def test_a_deleted_file(self, options):
        with tempfile.TemporaryFile(dir=self.base) as file:
            ran = run("sh", "-c", "echo to a nameless file", options=options, stdout=file)
            self.assert_code(ran, 0)
            file.seek(0)
            self.assertEqual(file.read(), b"to a nameless file\n")

    @each_form
    def test_a_memfd(self, options):
        descriptor = os.memfd_create("input")
        self.addCleanup(os.close, descriptor)
        os.write(descriptor, b"from a memfd\n")
        os.lseek(descriptor, 0, os.SEEK_SET)
        ran = run("cat", options=options, stdin=descriptor)
        self.assertEqual(ran.text, "from a memfd\n", ran)

    @each_form
    def test_a_named_fifo(self, options):
        fifo = self.path(f"fifo-{len(options)}")
        os.mkfifo(fifo)
        writer = threading.Thread(target=lambda: open(fifo, "w", encoding="utf-8").write("through a fifo\n"))
        writer.start()
        descriptor = os.open(fifo, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        ran = run("cat", options=options, stdin=descriptor)
        writer.join(10)
        self.assertEqual(ran.text, "through a fifo\n", ran)


def _drain(end):
    chunks = []
    while chunk := end.recv(65536):
        chunks.append(chunk)
    return b"".join(chunks)


class Refused(harness.Case):
    """Each of the three streams, each kind that must not enter: 123, the stream's name, and nothing launched."""

    def check(self, descriptor, streams=STREAMS, word=""):
        for stream in streams:
            for options in ([], self.secret("SOME", "of no interest")):
                with self.subTest(stream=stream, secrets=bool(options)):
                    marker = self.path("project/launched")
                    ran = run("sh", "-c", "touch launched", options=options, **{"stdin": None, stream: descriptor})
                    launched = os.path.exists(marker)
                    if launched:
                        os.unlink(marker)
                    self.assert_code(ran, 123)
                    self.assertFalse(launched, ran)
                    if stream != "stderr":
                        self.assert_fails(ran, 123, {"stdin": "standard input", "stdout": "standard output"}[stream], word)

    def open(self, path, flags):
        descriptor = os.open(path, flags | os.O_CLOEXEC)
        self.addCleanup(os.close, descriptor)
        return descriptor

    def test_a_folder(self):
        self.check(self.open("/usr", os.O_RDONLY | os.O_DIRECTORY), word="folder")
        self.check(self.open(self.project, os.O_RDONLY), word="folder")

    def test_o_path(self):
        self.check(self.open(self.file("file"), os.O_PATH), word="O_PATH")
        self.check(self.open("/", os.O_PATH))

    def test_procfs(self):
        self.check(self.open("/proc/self/status", os.O_RDONLY), word="procfs")
        self.check(self.open("/proc/self/environ", os.O_RDONLY))
        self.check(self.open("/proc/self/comm", os.O_RDWR))
        self.check(self.open("/proc/self/ns/user", os.O_RDONLY))
        self.check(self.open("/proc", os.O_RDONLY))
        if harness.AS_ROOT:
            self.check(self.open("/proc/sys/kernel/core_pattern", os.O_WRONLY), ("stdout", "stderr"))

    def test_sysfs(self):
        self.check(self.open("/sys/kernel/profiling" if os.path.exists("/sys/kernel/profiling") else "/sys/kernel/uevent_seqnum", os.O_RDONLY), word="sysfs")
        self.check(self.open("/sys", os.O_RDONLY))

    def test_cgroup_files(self):
        for folder, _, files in os.walk("/sys/fs/cgroup"):
            for name in files:
                if name == "cgroup.procs":
                    self.check(self.open(os.path.join(folder, name), os.O_RDONLY), word="cgroup")
                    return
        self.skipTest("no cgroup file system")

    def test_devices(self):
        for path, flags in (("/dev/zero", os.O_RDONLY), ("/dev/full", os.O_WRONLY), ("/dev/urandom", os.O_RDONLY)):
            self.check(self.open(path, flags), word="device")
        if harness.AS_ROOT:
            block = next((f"/dev/{name}" for name in os.listdir("/dev") if stat.S_ISBLK(os.lstat(f"/dev/{name}").st_mode)), None)
            if block is None:
                block = self.path("block")
                os.mknod(block, stat.S_IFBLK | 0o600, os.makedev(7, 0))
            try:
                descriptor = self.open(block, os.O_RDONLY)
            except OSError:
                return  # a number without a driver
            self.check(descriptor, word="block device")

    def test_kernel_objects(self):
        poller = select.epoll()
        self.addCleanup(poller.close)
        self.check(poller.fileno())
        process = os.pidfd_open(os.getpid())
        self.addCleanup(os.close, process)
        self.check(process)


CLOSE = "import os,sys; [os.close(int(n)) for n in sys.argv[1].split(',')]; os.execv(sys.argv[2], sys.argv[2:])"


class Closed(harness.Case):
    """A closed stream is /dev/null inside: a command's first open file must not become its standard output."""

    @each_form
    def test_each_of_the_three(self, options):
        for closed in ("0", "1", "2", "0,1", "0,2", "1,2", "0,1,2"):
            with self.subTest(closed=closed):
                report = self.path("project/report")
                ran = run("sh", "-c", "for n in 0 1 2; do readlink /proc/$$/fd/$n || echo closed; done >report; exit 6", options=options,
                          prefix=[harness.PYTHON, "-c", CLOSE, closed])
                self.assert_code(ran, 6)
                with open(report, encoding="utf-8") as file:
                    targets = file.read().splitlines()
                for number in closed.split(","):
                    # The report itself stands at 1 while it is written.
                    if number != "1":
                        self.assertEqual(targets[int(number)], "/dev/null", f"descriptor {number} with {closed} closed\n{ran}")
                os.unlink(report)

    @each_form
    def test_output_into_nothing(self, options):
        ran = run("sh", "-c", "echo hello && touch project-file", options=options, prefix=[harness.PYTHON, "-c", CLOSE, "1"])
        self.assert_code(ran, 0)
        self.assertTrue(os.path.exists("project-file"), ran)

    @each_form
    def test_errors_without_standard_error(self, options):
        self.assert_code(run("no-such-command", options=options, prefix=[harness.PYTHON, "-c", CLOSE, "2"]), 127)


class Inherited(harness.Case):
    @each_form
    def test_descriptor_seven_is_not_there(self, options):
        canary = f"CANARY-{harness.new_token()}"
        path = self.file("open-secret", canary, 0o600)
        with open(path, "rb") as secret:
            os.dup2(secret.fileno(), 7)
        try:
            ran = run("sh", "-c", "ls /proc/self/fd; cat <&7; cat /proc/self/fd/7; cat /dev/fd/7", options=options, close_fds=False)
        finally:
            os.close(7)
        self.assertNotIn(canary.encode(), ran.out + ran.err, ran)
        # 0, 1, 2, and the folder that ls itself reads.
        self.assertEqual(ran.text.split(), ["0", "1", "2", "3"], ran)

    @each_form
    def test_many_descriptors(self, options):
        held = [os.open("/usr", os.O_RDONLY) for _ in range(200)]
        for descriptor in held:
            os.set_inheritable(descriptor, True)
            self.addCleanup(os.close, descriptor)
        ran = run("ls", "/proc/self/fd", options=options, close_fds=False)
        self.assertEqual(ran.text.split(), ["0", "1", "2", "3"], ran)

    def test_a_status_descriptor_is_not_there(self):
        ran = run("sh", "-c", "ls -l /proc/self/fd; ls /proc/self/fd | wc -l", status=True)
        self.assertEqual(ran.text.split()[-1], "4", ran)


SIZE = 102_400 * 1000
PATTERN = "import sys; w = sys.stdout.buffer.write; b = bytes(range(256)) * 400\nfor _ in range(%d): w(b)"


class Volume(harness.Case):
    @each_form
    def test_a_hundred_megabytes_out(self, options):
        with subprocess.Popen([CONFIDE, "run", *options, "--", harness.PYTHON, "-c", PATTERN % (SIZE // 102_400)], env=environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            digest, count = hashlib.sha256(), 0
            while chunk := process.stdout.read(1 << 20):
                digest.update(chunk)
                count += len(chunk)
        expected = hashlib.sha256(bytes(range(256)) * 400 * (SIZE // 102_400)).hexdigest()
        self.assertEqual((process.returncode, count, digest.hexdigest()), (0, SIZE, expected))

    @each_form
    def test_a_hundred_megabytes_in(self, options):
        with tempfile.TemporaryFile(dir=self.base) as source:
            block = bytes(range(256)) * 4000
            digest = hashlib.sha256()
            for _ in range(SIZE // len(block)):
                source.write(block)
                digest.update(block)
            source.seek(0)
            feeder = subprocess.Popen(["cat"], stdin=source, stdout=subprocess.PIPE)
            ran = run("sha256sum", options=options, stdin=feeder.stdout)
            feeder.stdout.close()
            self.assertEqual(feeder.wait(10), 0)
        self.assertEqual(ran.text.split()[0], digest.hexdigest(), ran)

    @each_form
    def test_a_slow_reader(self, options):
        process = subprocess.Popen([CONFIDE, "run", *options, "--", "head", "-c", "3000000", "/dev/zero"], env=environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        count = 0
        while chunk := os.read(process.stdout.fileno(), 40_000):
            count += len(chunk)
            time.sleep(0.01)
        process.stdout.close()
        self.assertEqual((process.wait(30), count), (0, 3_000_000))


class Readers(harness.Case):
    @each_form
    def test_a_reader_that_leaves(self, options):
        """confide run -- yes | head -1"""
        process = subprocess.Popen([CONFIDE, "run", *options, "--", "yes"], env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        self.assertEqual(process.stdout.readline(), b"y\n")
        process.stdout.close()
        self.assertEqual(process.wait(30), 128 + 13)

    @each_form
    def test_a_reader_that_leaves_a_shell_pipeline(self, options):
        script = '"$0" run "$@" -- yes | head -1; echo "${PIPESTATUS[0]}"'
        ran = subprocess.run(["bash", "-c", script, CONFIDE, *options], env=environment(), stdin=subprocess.DEVNULL, capture_output=True, check=True,
                             timeout=60)
        self.assertEqual(ran.stdout.split(), [b"y", b"141"], ran)

    @each_form
    def test_a_command_that_minds_no_sigpipe(self, options):
        """Python ignores SIGPIPE: it sees EPIPE, as it would without confide."""
        script = "import sys\ntry:\n  while True: print('x' * 1000)\nexcept BrokenPipeError:\n  sys.stderr.write('EPIPE\\n'); sys.stderr.flush()\n  import os; os._exit(9)"
        process = subprocess.Popen([CONFIDE, "run", *options, "--", harness.PYTHON, "-c", script], env=environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.read(10)
        process.stdout.close()
        error = process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(30), 9)
        self.assertIn(b"EPIPE", error)

    @each_form
    def test_a_stopped_reader_does_not_delay_the_time_limit(self, options):
        token = harness.new_token()
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        started = time.monotonic()
        process = subprocess.Popen([CONFIDE, "run", *options, "--timeout", "1s", "--", "sh", "-c", f"trap '' TERM; : {token}; yes"], env=environment(),
                                   stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.DEVNULL)
        os.close(writer)
        try:
            self.assertEqual(process.wait(20), 124)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.fail("the time limit does not end a run whose reader has stopped")
        self.assertLess(time.monotonic() - started, 20)
        self.assertTrue(harness.wait_for(lambda: not harness.processes_with(token), 10))

    @each_form
    def test_the_end_of_the_input_is_seen(self, options):
        ran = run("sh", "-c", "cat; echo end", options=options, stdin=b"some\nlines")
        self.assertEqual(ran.text, "some\nlinesend\n", ran)

    @each_form
    def test_no_one_holds_the_output_open(self, options):
        """The reader sees the end when the command closes its output, not when the run ends."""
        with harness.Background("run", *options, "--", "sh", "-c", "echo last; exec >&- 2>&-; sleep 600", stderr=subprocess.DEVNULL) as running:
            self.assertEqual(running.line(), "last")
            ready, _, _ = select.select([running.process.stdout], [], [], 5)
            self.assertTrue(ready, "nobody reads the command's output any more, but somebody holds it open")
            self.assertEqual(os.read(running.process.stdout.fileno(), 10), b"")
            self.assertIsNone(running.process.poll())

    @each_form
    def test_a_grandchild_that_keeps_the_output_does_not_keep_the_run(self, options):
        """When the command ends, the sandbox ends, and with it whatever it left in the background."""
        started = time.monotonic()
        ran = run("sh", "-c", "sleep 600 & echo done", options=options)
        self.assert_code(ran, 0)
        self.assertEqual(ran.text, "done\n", ran)
        self.assertLess(time.monotonic() - started, 30)

    def test_interleaving(self):
        """Both streams in one pipe keep the command's order where no masker stands between."""
        script = "for i in $(seq 200); do echo o$i; echo e$i >&2; done"
        ran = run("sh", "-c", script, stderr=subprocess.STDOUT)
        self.assertEqual(ran.text.split(), [f"{kind}{number}" for number in range(1, 201) for kind in "oe"], ran)

    @each_form
    def test_the_order_of_each_stream(self, options):
        ran = run("sh", "-c", "for i in $(seq 2000); do echo o$i; echo e$i >&2; done", options=options)
        self.assertEqual(ran.text.split(), [f"o{number}" for number in range(1, 2001)])
        self.assertEqual(" ".join(ran.errors).split(), [f"e{number}" for number in range(1, 2001)])

    @each_form
    def test_bytes_pass_as_they_are(self, options):
        data = bytes(range(256)) * 3 + "é\u2028\x1b[31m".encode() + b"\xff\xfe\x00"
        ran = run("cat", options=options, stdin=data)
        self.assertEqual(ran.out, data)

    @each_form
    def test_modes_of_the_callers_pipes_stay(self, options):
        """O_NONBLOCK on a shared pipe would break whoever shares it."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        before = fcntl.fcntl(writer, fcntl.F_GETFL)
        self.assert_code(run("echo", "hello", options=options, stdout=writer), 0)
        self.assertEqual(fcntl.fcntl(writer, fcntl.F_GETFL), before)


if __name__ == "__main__":
    harness.main()
