"""Terminals: the sandbox has one of its own, and the caller's is as it was whichever way a run ends."""

import contextlib
import errno
import fcntl
import hashlib
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import harness
from harness import CONFIDE, each_form, environment, need


class Terminal:
    """A program on a terminal of its own, driven as a person would."""

    def __init__(self, argv, rows=24, columns=80, env=None, output=None):
        self.text = b""
        self.seen = 0
        self.status = None
        settings = environment(PS1="ready> ", HISTFILE="/dev/null") if env is None else env
        self.master, self.slave = pty.openpty()  # the slave stays open here, to look at its settings
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setsid()
                fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
                for number, descriptor in enumerate((self.slave, self.slave if output is None else output, self.slave)):
                    os.dup2(descriptor, number)
                os.closerange(3, 256)
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)
                os.execve(argv[0], argv, settings)
            finally:
                os._exit(99)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            for pid in [*harness.descendants(self.pid), self.pid]:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
        os.close(self.slave)
        os.close(self.master)

    def read(self, seconds):
        """Takes what comes within that time; False when nothing did."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            self.text += os.read(self.master, 65536)
        except OSError as problem:
            if problem.errno != errno.EIO:
                raise
            time.sleep(0.02)
            return False
        return True

    def type(self, data):
        os.write(self.master, data.encode() if isinstance(data, str) else data)

    def expect(self, pattern, seconds=20.0):
        """Waits for the pattern behind what was expected before; the match."""
        deadline = time.monotonic() + seconds
        expression = re.compile(pattern.encode() if isinstance(pattern, str) else pattern, re.DOTALL)
        while True:
            match = expression.search(self.text, self.seen)
            if match:
                self.seen = match.end()
                return match
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{pattern!r} did not come within {seconds} s, only {self.text[self.seen:]!r} (before: {self.text[:self.seen][-400:]!r})")
            self.read(min(left, 0.2))

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def settings(self):
        return termios.tcgetattr(self.slave)

    def is_raw(self):
        return not self.settings()[3] & termios.ICANON

    def wait(self, seconds=20.0):
        """The exit code, as a shell would say it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.read(0.05):
                    pass
                self.status = os.waitstatus_to_exitcode(status)
                return self.status if self.status >= 0 else 128 - self.status
            self.read(0.05)
        raise AssertionError(f"the program did not end within {seconds} s; it said {self.text!r}")


class Case(harness.Case):
    def confide(self, options, *command, **more):
        terminal = Terminal([CONFIDE, "run", *options, "--", *command], **more)
        self.enterContext(terminal)
        return terminal

    def shell(self):
        """An outer interactive shell with job control."""
        terminal = Terminal(["/bin/bash", "--norc", "--noprofile", "--noediting", "-i"])
        self.enterContext(terminal)
        terminal.expect("ready> ")
        return terminal

    def command(self, options, *words):
        return " ".join([CONFIDE, "run", *options, "--", *words])


class Inside(Case):
    @each_form
    def test_the_terminal_is_the_sandboxes_own(self, options):
        terminal = self.confide(options, "sh", "-c", "tty; for n in 0 1 2; do readlink /proc/self/fd/$n; done; test -t 0 -a -t 1 -a -t 2 && echo all three")
        self.assertEqual(terminal.wait(), 0)
        said = terminal.text.decode().replace("\r", "").split("\n")
        self.assertEqual(said[:5], ["/dev/pts/0"] * 4 + ["all three"], said)

    @each_form
    def test_not_the_callers_device(self, options):
        """Another device number on another devpts: nothing inside names the caller's terminal."""
        terminal = self.confide(options, harness.PYTHON, "-c", "import os; s=os.fstat(0); print(s.st_dev, s.st_ino, os.listdir('/dev/pts'), os.path.exists('/dev/console'))")
        self.assertEqual(terminal.wait(), 0)
        device, _, rest = terminal.text.decode().split(maxsplit=2)
        self.assertNotEqual(int(device), os.fstat(terminal.slave).st_dev)
        self.assertEqual(rest.split("]")[0], "['0', 'ptmx'", rest)

    @each_form
    def test_it_is_the_controlling_terminal(self, options):
        terminal = self.confide(options, "sh", "-c", "echo through dev tty > /dev/tty; ps -o tty= -p $$")
        self.assertEqual(terminal.wait(), 0)
        self.assertEqual(terminal.text.split(), [b"through", b"dev", b"tty", b"pts/0"])

    @each_form
    def test_size_and_resize(self, options):
        script = "import os,signal\ndef say(*_): os.write(1, b'%d %d\\n' % os.get_terminal_size(1))\nsignal.signal(signal.SIGWINCH, say); say(); print('waiting', flush=True)\nwhile True: signal.pause()"
        terminal = self.confide(options, harness.PYTHON, "-c", script, rows=31, columns=97)
        terminal.expect("97 31\r\n")
        terminal.expect("waiting\r\n")
        for number in range(30):
            terminal.resize(10 + number, 300 - number)
            terminal.expect(f"{300 - number} {10 + number}\r\n")

    @each_form
    def test_what_is_typed_arrives(self, options):
        terminal = self.confide(options, "sh", "-c", "echo go; read line; echo \"got <$line>\"")
        terminal.expect("go")
        terminal.type("some words\r")
        terminal.expect("some words\r\n")  # the echo, once
        terminal.expect("got <some words>\r\n")
        self.assertEqual(terminal.wait(), 0)
        self.assertEqual(terminal.text.count(b"some words"), 2)

    @each_form
    def test_type_ahead(self, options):
        """What was typed while the sandbox was being made arrives, and disturbs nothing."""
        for _ in range(5):
            with Terminal([CONFIDE, "run", *options, "--", "cat"]) as terminal:
                terminal.type("first\rsecond\r")
                terminal.expect("second\r\n.*second\r\n")
                terminal.type(b"\x04")
                self.assertEqual(terminal.wait(), 0)

    @each_form
    def test_end_of_input(self, options):
        terminal = self.confide(options, "sh", "-c", "echo go; cat")
        terminal.expect("go\r\n")
        terminal.type("line\r")
        terminal.expect("line\r\nline\r\n")
        terminal.type(b"\x04")
        self.assertEqual(terminal.wait(), 0)

    @each_form
    def test_control_c(self, options):
        terminal = self.confide(options, "sh", "-c", "trap 'echo caught; exit 9' INT; echo waiting; while :; do sleep 0.1; done")
        terminal.expect("waiting")
        terminal.type(b"\x03")
        terminal.expect("caught")
        self.assertEqual(terminal.wait(), 9)

    @each_form
    def test_control_c_ends_what_does_not_mind_it(self, options):
        terminal = self.confide(options, "sh", "-c", "echo waiting; exec sleep 600")
        terminal.expect("waiting")
        terminal.type(b"\x03")
        self.assertEqual(terminal.wait(), 130)

    @each_form
    def test_control_backslash(self, options):
        terminal = self.confide(options, "sh", "-c", "echo waiting; exec sleep 600")
        terminal.expect("waiting")
        terminal.type(b"\x1c")
        self.assertEqual(terminal.wait(), 131)

    @each_form
    def test_an_interactive_shell(self, options):
        """Its own jobs, its own Ctrl-C and Ctrl-Z, its own code."""
        terminal = self.confide(options, "bash", "--norc", "--noediting", "-i", env=environment(PS1="inner> "))
        terminal.expect("inner> ")
        self.assertNotIn(b"no job control", terminal.text)
        terminal.type("echo $((40 + 2))\r")
        terminal.expect("\r\n42\r\n.*inner> ")
        terminal.type("sleep 600\r")
        time.sleep(0.5)
        terminal.type(b"\x1a")
        terminal.expect("Stopped.*inner> ")
        terminal.type("jobs\r")
        terminal.expect("Stopped +sleep 600.*inner> ")
        terminal.type("fg\r")
        terminal.expect("sleep 600\r\n")
        time.sleep(0.3)
        terminal.type(b"\x03")
        terminal.expect("inner> ")
        terminal.type("echo code $?\r")
        terminal.expect("\r\ncode 130\r\n.*inner> ")
        terminal.type("exit 23\r")
        self.assertEqual(terminal.wait(), 23)

    @each_form
    def test_bash_with_line_editing(self, options):
        terminal = self.confide(options, "bash", "--norc", "-i", env=environment(PS1="inner> "))
        terminal.expect("inner> ")
        terminal.type("echo onx\b two\x01\x05\r")  # backspace, to the beginning, to the end
        terminal.expect("\ron two\r\n.*inner> ")  # an end typed before the editor has the terminal again would be lost
        terminal.type(b"\x04")
        self.assertEqual(terminal.wait(), 0)

    @each_form
    def test_output_is_exact(self, options):
        """Every byte that a program in raw mode writes, and nothing besides."""
        script = "import sys,tty; tty.setraw(1); w=sys.stdout.buffer; d=bytes(range(256))*64; w.write(b'BEGIN'+d+b'FINIS'); w.flush()"
        terminal = self.confide(options, harness.PYTHON, "-c", script)
        self.assertEqual(terminal.wait(), 0)
        self.assertEqual(terminal.text, b"BEGIN" + bytes(range(256)) * 64 + b"FINIS")

    @each_form
    def test_settings_of_the_commands_stay(self, options):
        """Whoever sets up the sandbox's terminal is done before the command is there."""
        busy = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(3)]
        try:
            for _ in range(12):
                with Terminal([CONFIDE, "run", *options, "--", "sh", "-c", "stty raw -echo; sleep 0.15; stty -a"]) as terminal:
                    self.assertEqual(terminal.wait(), 0)
                    self.assertIn(b"-icanon", terminal.text)
        finally:
            for process in busy:
                process.kill()
                process.wait()

    @each_form
    def test_line_ends_are_made_once(self, options):
        terminal = self.confide(options, "printf", "a\\nb\\r\\nc\\n")
        self.assertEqual(terminal.wait(), 0)
        self.assertEqual(terminal.text, b"a\r\nb\r\r\nc\r\n")

    @each_form
    def test_a_large_output(self, options):
        terminal = self.confide(options, "seq", "200000")
        self.assertEqual(terminal.wait(60), 0)
        self.assertEqual(terminal.text, b"".join(b"%d\r\n" % number for number in range(1, 200_001)))

    @each_form
    def test_a_paste(self, options):
        """More than one buffer's worth, line by line, whole and in order."""
        terminal = self.confide(options, "sh", "-c", "stty -echo; echo go; for i in $(seq 3000); do read l && echo \"$l\"; done | sha256sum")
        terminal.expect("go")
        lines = [f"line {number} of what was pasted" for number in range(3000)]
        data = "".join(f"{line}\n" for line in lines).encode()
        position = 0
        os.set_blocking(terminal.master, False)
        deadline = time.monotonic() + 60
        while position < len(data):
            self.assertLess(time.monotonic(), deadline, "the terminal takes no more")
            with contextlib.suppress(BlockingIOError):
                position += os.write(terminal.master, data[position : position + 512])
                continue
            terminal.read(0.01)
        os.set_blocking(terminal.master, True)
        terminal.expect(hashlib.sha256(data).hexdigest(), 30)


class Mixed(Case):
    @each_form
    def test_output_into_a_pipe(self, options):
        """confide run -- CMD | cat, typed into, as `vipe` or `fzf` are used."""
        reader, writer = os.pipe()
        terminal = self.confide(options, "sh", "-c", "test -t 0 && echo input is a terminal; test -t 1 || echo output is none; read line; echo \"got $line\"", output=writer)
        os.close(writer)
        time.sleep(0.5)
        terminal.type("words\r")
        self.assertEqual(terminal.wait(), 0)
        with os.fdopen(reader) as file:
            self.assertEqual(file.read(), "input is a terminal\noutput is none\ngot words\n")
        self.assertEqual(terminal.text.count(b"words"), 1, terminal.text)

    @each_form
    def test_input_from_a_pipe(self, options):
        terminal = Terminal(["/bin/sh", "-c", f"echo words | {self.command(options, 'sh', '-c', chr(39) + 'test -t 0 || echo input is none; test -t 1 && echo output is a terminal; cat' + chr(39))}"])
        with terminal:
            self.assertEqual(terminal.wait(), 0)
            self.assertEqual(terminal.text.replace(b"\r", b""), b"input is none\noutput is a terminal\nwords\n")

    @each_form
    def test_behind_a_pager(self, options):
        """confide run -- seq | less keeps its keyboard."""
        terminal = Terminal(["/bin/sh", "-c", f"{self.command(options, 'seq', '500')} | less"])
        with terminal:
            terminal.expect("\n20")
            terminal.type("G")
            terminal.expect("500")
            terminal.type("q")
            self.assertEqual(terminal.wait(), 0)
            self.assertFalse(terminal.is_raw())


class Restored(Case):
    """The settings of the caller's terminal are the same before and after, whichever way a run ends."""

    def after(self, options, script, act=lambda terminal, pid: None, expected=None, until=r"\nwaiting\r\n"):
        outer = self.shell()
        before = outer.settings()
        outer.type(self.command(options, "sh", "-c", f"'{script}'") + "\r")
        outer.expect(until)
        harness.wait_for(outer.is_raw, 20)
        self.assertTrue(outer.is_raw(), "the caller's terminal is raw while a program has it")
        pid = self.confide_below(outer)
        act(outer, pid)
        outer.expect("ready> ")
        code = self.code_of(outer)
        if expected is not None:
            self.assertEqual(code, expected)
        self.assertEqual(outer.settings(), before)

    def confide_below(self, outer):
        found = [pid for pid, name in harness.descendants(outer.pid).items() if name == "confide"]
        self.assertTrue(found, "confide is not running")
        return min(found)

    def code_of(self, outer):
        outer.type("echo code=$?\r")
        code = int(outer.expect(r"\ncode=(\d+)")[1])
        outer.expect("ready> ")
        return code

    FOREVER = "echo waiting; while :; do sleep 0.1; done"

    @each_form
    def test_normal_end(self, options):
        self.after(options, "echo waiting; read x; exit 4", lambda outer, pid: outer.type("\r"), 4)

    @each_form
    def test_sigterm_to_confide(self, options):
        self.after(options, self.FOREVER, lambda outer, pid: os.kill(pid, signal.SIGTERM), 143)

    @each_form
    def test_sighup_to_confide(self, options):
        self.after(options, self.FOREVER, lambda outer, pid: os.kill(pid, signal.SIGHUP), 129)

    @each_form
    def test_time_limit(self, options):
        self.after([*options, "--timeout", "3s"], self.FOREVER, expected=124)

    @each_form
    def test_control_c(self, options):
        self.after(options, self.FOREVER, lambda outer, pid: outer.type(b"\x03"), 130)

    @each_form
    def test_a_killed_command(self, options):
        self.after(options, "echo waiting; read x; kill -KILL $$", lambda outer, pid: outer.type("\r"), 137)

    @each_form
    def test_a_command_that_leaves_its_terminal_raw(self, options):
        self.after(options, "echo waiting; read x; stty raw -echo; exit 3", lambda outer, pid: outer.type("\r"), 3)

    @each_form
    def test_a_command_that_is_not_found(self, options):
        outer = self.shell()
        before = outer.settings()
        outer.type(self.command(options, "no-such-command") + "\r")
        outer.expect("command not found")
        outer.expect("ready> ")
        self.assertEqual(self.code_of(outer), 127)
        self.assertEqual(outer.settings(), before)

    def test_the_process_that_holds_no_terminal_is_killed(self):
        """With secrets the supervisor holds the terminal: it restores it when confide itself is killed."""
        options = self.secret("SOME", "of no interest")
        outer = self.shell()
        before = outer.settings()
        outer.type(self.command(options, "sh", "-c", f"'{self.FOREVER}'") + "\r")
        outer.expect(r"\nwaiting\r\n")
        harness.wait_for(outer.is_raw, 20)
        os.kill(self.confide_below(outer), signal.SIGKILL)
        outer.expect("Killed")
        self.assertTrue(harness.wait_for(lambda: outer.settings() == before, 10), "the terminal stays raw")


class JobControl(Case):
    @each_form
    def test_control_z_and_fg(self, options):
        """The outer shell sees a stopped job, has its terminal back as it was, and goes on with fg."""
        outer = self.shell()
        before = outer.settings()
        outer.type(self.command(options, "sh", "-c", "'echo waiting; read x; echo got $x; exit 6'") + "\r")
        outer.expect(r"\nwaiting\r\n")
        harness.wait_for(outer.is_raw, 20)
        outer.type(b"\x1a")
        outer.expect("Stopped")
        outer.expect("ready> ")
        self.assertEqual(outer.settings(), before)
        outer.type("jobs\r")
        outer.expect("Stopped")
        outer.expect("ready> ")
        outer.type("fg\r")
        self.assertTrue(harness.wait_for(outer.is_raw, 10), "raw again after fg")
        outer.type("words\r")
        outer.expect("got words")
        outer.expect("ready> ")
        outer.type("echo code=$?\r")
        outer.expect("\ncode=6")
        self.assertEqual(outer.settings(), before)

    @each_form
    def test_nothing_runs_while_it_is_stopped(self, options):
        outer = self.shell()
        script = "import time; print(\"waiting\", flush=True)\nwhile True: open(\"ticks\", \"a\").write(\".\"); time.sleep(0.05)"
        self.file("project/tick.py", script)
        outer.type(self.command(options, harness.PYTHON, "tick.py") + "\r")
        outer.expect(r"\nwaiting\r\n")
        time.sleep(0.5)
        outer.type(b"\x1a")
        outer.expect("Stopped")
        time.sleep(0.3)
        size = os.path.getsize("ticks")
        time.sleep(0.7)
        self.assertEqual(os.path.getsize("ticks"), size)
        outer.type("fg\r")
        self.assertTrue(harness.wait_for(lambda: os.path.getsize("ticks") > size, 10))
        outer.type(b"\x03")
        outer.expect("ready> ")

    @each_form
    def test_background_and_foreground(self, options):
        outer = self.shell()
        before = outer.settings()
        outer.type(self.command(options, "sh", "-c", "'sleep 2; echo finished'") + " &\r")
        outer.expect("ready> ")
        self.assertFalse(outer.is_raw(), "a background job leaves the terminal alone")
        outer.type("echo still mine\r")
        outer.expect("\nstill mine")
        outer.type("fg\r")
        outer.expect("finished")
        outer.expect("ready> ")
        self.assertEqual(outer.settings(), before)

    def test_in_the_background_without_a_command(self):
        """What never asks anything leaves the terminal alone, which the kernel would stop the whole job for (SIGTTOU)."""
        outer = self.shell()
        value = self.file("value", b"of a file")
        self.file("project/template", f"{{{{ file://{value} }}}}\n")
        outer.type(f"{CONFIDE} inject --in template | sed s/^/sed:/ & wait $!; echo code=$?\r")
        outer.expect("\nsed:of a file\r\n")
        outer.expect("\ncode=0")
        outer.type(f"{CONFIDE} run --secret A=file:///nothing/there -- true & wait $!; echo code=$?\r")
        outer.expect("\ncode=123")

    @each_form
    def test_three_rounds(self, options):
        outer = self.shell()
        outer.type(self.command(options, "cat") + "\r")
        harness.wait_for(outer.is_raw, 10)
        for number in range(3):
            outer.type(f"round {number}\r")
            outer.expect(f"round {number}\r\nround {number}\r\n")
            outer.type(b"\x1a")
            outer.expect("Stopped")
            outer.expect("ready> ")
            outer.type("fg\r")
            self.assertTrue(harness.wait_for(outer.is_raw, 10))
        outer.type(b"\x04")
        outer.expect("ready> ")

    @each_form
    def test_a_terminal_that_goes_away(self, options):
        """The window is closed: the run ends, and nothing of it is left."""
        token = harness.new_token()
        terminal = Terminal([CONFIDE, "run", *options, "--", "sh", "-c", f": {token}; echo waiting; while :; do sleep 0.1; done"])
        terminal.expect("waiting")
        os.close(terminal.slave)
        os.close(terminal.master)
        gone = harness.wait_for(lambda: not harness.processes_with(token), 15)
        for pid in harness.processes_with(token):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(terminal.pid, 0)
        self.assertTrue(gone, "the run outlives its terminal")


class Programs(Case):
    """Full-screen programs under tmux, as people have them."""

    def setUp(self):
        super().setUp()
        # A socket's path is short.
        self.socket = f"/tmp/ct-{harness.new_token()}"
        self.addCleanup(self.tmux, "kill-server", check=False)

    def tmux(self, *words, check=True):
        ran = subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *words], env=environment(TERM="xterm-256color"), capture_output=True, check=check, timeout=30)
        if words[0] == "kill-server":
            with contextlib.suppress(OSError):
                os.unlink(self.socket)
        return ran.stdout.decode("utf-8", "replace")

    def start(self, options, *command):
        self.tmux("new-session", "-d", "-x", "80", "-y", "24", "-c", self.project, "exec /bin/bash --norc --noprofile")
        self.sees("$" if not harness.AS_ROOT else "#")
        self.type(self.command(options, *command), "Enter")

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def ends(self):
        """Waits until the shell has its terminal back."""
        shell = int(self.tmux("display-message", "-p", "#{pane_pid}"))
        self.assertTrue(harness.wait_for(lambda: not harness.descendants(shell), 20), "the program does not end")

    def sees(self, text, seconds=20.0):
        found = harness.wait_for(lambda: text in self.tmux("capture-pane", "-p"), seconds, 0.1)
        self.assertTrue(found, f"{text!r} is not on the screen:\n{self.tmux('capture-pane', '-p')}")

    @need("tmux", "vim")
    @each_form
    def test_vim(self, options):
        self.file("project/text", "first line\n")
        self.start(options, "vim", "-u", "NONE", "-i", "NONE", "text")
        self.sees("first line")
        self.type("o", "added inside", "Escape", ":wq", "Enter")
        self.ends()
        with open("text", encoding="utf-8") as file:
            self.assertEqual(file.read(), "first line\nadded inside\n")
        self.type("stty -a | grep -c -- -icanon", "Enter")
        self.sees("\n0")
        self.tmux("kill-server", check=False)

    @need("tmux", "less")
    @each_form
    def test_less(self, options):
        self.file("project/numbers", "".join(f"number {number}\n" for number in range(500)))
        self.start(options, "less", "numbers")
        self.sees("number 10")
        self.type("G")
        self.sees("number 499")
        self.tmux("resize-window", "-x", "60", "-y", "10")
        # A key that comes while it draws anew would be lost.
        self.assertTrue(harness.wait_for(lambda: "number 490" not in self.tmux("capture-pane", "-p"), 20), "it is not drawn anew")
        self.type("g")
        self.sees("number 0")
        self.type("q")
        self.ends()
        self.tmux("kill-server", check=False)


if __name__ == "__main__":
    harness.main()
