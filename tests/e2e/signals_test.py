"""Signals: each arrives once, what ends, ends everything, and nobody is left behind."""

import contextlib
import os
import signal
import subprocess
import time

import harness
from harness import CONFIDE, Background, each_form, environment

FORWARDED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)

# Says each signal as it comes. Waited for, not handled: a handler of Python's runs late where the signal comes just before
# pause(2).
COUNT = """
import os, signal
def say(text): os.write(1, (text + "\\n").encode())
numbers = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}
signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
say("ready")
while True: say(signal.Signals(signal.sigwait(numbers)).name)
"""

# A daemon as they have always been made: two forks, a session of its own, everything ignored.
DAEMON = """
import os, signal, sys, time
for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() > 0: os._exit(0)
    os.chdir("/")
    for fd in (0, 1, 2): os.close(fd)
    os.write(write, b"x")
    while True: time.sleep(60)
os.read(read, 1)
print("daemon is there", flush=True)
"""


class Forwarding(harness.Case):
    def setUp(self):
        super().setUp()
        self.file("project/count.py", COUNT)

    @each_form
    def test_each_arrives_once(self, options):
        with Background("run", *options, "--", harness.PYTHON, "count.py") as running:
            self.assertEqual(running.line(), "ready")
            for number in FORWARDED:
                running.signal(number)
                self.assertEqual(running.line(), number.name)
            time.sleep(0.5)  # a second one would be here by now
            running.signal(signal.SIGUSR1)
            self.assertEqual(running.line(), "SIGUSR1")
            running.process.kill()
            self.assertEqual(running.process.stdout.read(), b"")

    @each_form
    def test_many_in_a_row(self, options):
        """Signals are no queue, but each that was answered came once."""
        with Background("run", *options, "--", harness.PYTHON, "count.py") as running:
            running.line()
            for _ in range(50):
                running.signal(signal.SIGUSR1)
                self.assertEqual(running.line(), "SIGUSR1")

    @each_form
    def test_a_signal_to_the_whole_process_group_arrives_once(self, options):
        """What a terminal does with Ctrl-C where the caller's stdio are pipes."""
        with Background("run", *options, "--", harness.PYTHON, "count.py") as running:
            running.line()
            os.killpg(running.pid, signal.SIGINT)
            self.assertEqual(running.line(), "SIGINT")
            time.sleep(0.5)
            running.signal(signal.SIGUSR2)
            self.assertEqual(running.line(), "SIGUSR2")

    @each_form
    def test_the_command_dies_of_it(self, options):
        for number in FORWARDED:
            with Background("run", *options, "--", "sh", "-c", "echo ready; exec sleep 600") as running:
                running.line()
                running.signal(number)
                self.assertEqual(running.wait(), 128 + number)

    @each_form
    def test_as_soon_as_the_command_is_there(self, options):
        """A command that has said something has been started: a signal is its own from there on."""
        for _ in range(20):
            with Background("run", *options, "--", "sh", "-c", "trap 'exit 9' TERM; echo; while :; do sleep 0.02; done") as running:
                running.line()
                running.signal(signal.SIGTERM)
                self.assertEqual(running.wait(), 9)

    @each_form
    def test_its_children_have_it_too(self, options):
        """A shell waits for its child before it dies itself: the signal is for the whole group, as from a terminal."""
        with Background("run", *options, "--", "sh", "-c", "echo ready; sleep 600; echo after") as running:
            running.line()
            running.signal(signal.SIGTERM)
            self.assertEqual(running.wait(), 143)

    @each_form
    def test_stop_and_continue(self, options):
        """SIGTSTP stops the command and whoever waits for it; SIGCONT goes on."""
        self.file("project/tick.py", "import time\nprint('ready', flush=True)\nwhile True:\n  open('ticks', 'a').write('.'); time.sleep(0.02)\n")
        self.file("project/ticks")
        with Background("run", *options, "--", harness.PYTHON, "tick.py") as running:
            running.line()
            running.signal(signal.SIGTSTP)
            self.assertTrue(harness.wait_for(lambda: harness.processes().get(running.pid, "?")[0] == "T", 10), "confide itself is not stopped")
            time.sleep(0.2)
            size = os.path.getsize("ticks")
            time.sleep(0.5)
            self.assertEqual(os.path.getsize("ticks"), size)
            os.killpg(running.pid, signal.SIGCONT)
            self.assertTrue(harness.wait_for(lambda: os.path.getsize("ticks") > size, 10), "the command stays stopped")
            running.signal(signal.SIGTERM)
            self.assertEqual(running.wait(), 143)

    @each_form
    def test_ignored_signals_start_out_as_every_program_expects(self, options):
        """nohup and Python's own habits do not come along."""
        script = "import signal; print([signal.getsignal(n) for n in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGUSR1, signal.SIGCHLD)] + [signal.pthread_sigmask(signal.SIG_BLOCK, [])])"

        def ignore():
            for number in FORWARDED:
                signal.signal(number, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)

        ran = harness.run(harness.PYTHON, "-c", script, options=options, preexec_fn=ignore)
        self.assert_code(ran, 0)
        self.assertNotIn("SIG_IGN", ran.text)
        self.assertTrue(ran.text.strip().endswith("set()]"), ran)

    @each_form
    def test_before_the_command_is_there(self, options):
        """A signal at any moment of the start ends the run, and nothing is left of it."""
        token = harness.new_token()
        for number in range(30):
            running = subprocess.Popen([CONFIDE, "run", *options, "--", "sleep", f"600.{int(token, 16) % 10**9}"], env=environment(), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(number * 0.0007)
            running.terminate()
            try:
                code = running.wait(20)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
                self.fail(f"SIGTERM {number * 0.7:.1f} ms after the start was lost")
            self.assertIn(code, (-15, 125, 143))
        self.assertTrue(harness.wait_for(lambda: not harness.processes_with(f"600.{int(token, 16) % 10**9}"), 10))


class Reaping(harness.Case):
    @each_form
    def test_pid_1_reaps_orphans(self, options):
        script = ('for i in $(seq 30); do sh -c "sleep 0.05 & exit" ; done; sleep 0.6; '
                  'n=0; for s in /proc/[0-9]*/stat; do read -r a b c d <$s 2>/dev/null; [ "$c" = Z ] && n=$((n+1)); done; echo zombies $n; ls -d /proc/[0-9]* | wc -l')
        ran = harness.run("sh", "-c", script, options=options)
        self.assert_code(ran, 0)
        self.assertEqual(ran.text.split()[:2], ["zombies", "0"], ran)
        # pid 1, the shell, ls and wc.
        self.assertLessEqual(int(ran.text.split()[2]), 5, ran)

    @each_form
    def test_the_codes_of_orphans_are_not_the_commands(self, options):
        ran = harness.run("sh", "-c", 'sh -c "(sleep 0.1; exit 55) & exit 0"; sleep 0.4; exit 6', options=options)
        self.assert_code(ran, 6)

    @each_form
    def test_pid_1_cannot_be_killed_from_inside(self, options):
        ran = harness.run("sh", "-c", "kill -9 1; kill -TERM 1; kill -STOP 1; sleep 0.2; echo alive", options=options)
        self.assertEqual(ran.text, "alive\n", ran)


class Ends(harness.Case):
    def assert_gone(self, token, seconds=10):
        left = harness.wait_for(lambda: not harness.processes_with(token), seconds)
        for pid in harness.processes_with(token):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self.assertTrue(left, "something of the run is left")

    @each_form
    def test_a_daemon_ends_with_the_run(self, options):
        token = harness.new_token()
        self.file("project/daemon.py", DAEMON)
        ran = harness.run(harness.PYTHON, "daemon.py", token, options=options)
        self.assert_code(ran, 0)
        self.assertEqual(ran.text, "daemon is there\n", ran)
        self.assert_gone(token)

    @each_form
    def test_sigkill_of_confide(self, options):
        token = harness.new_token()
        self.file("project/daemon.py", DAEMON + "\nwhile True: time.sleep(60)\n")
        with Background("run", *options, "--", harness.PYTHON, "daemon.py", token) as running:
            running.line()
            running.signal(signal.SIGKILL)
            self.assertEqual(running.wait(), -signal.SIGKILL)
            self.assert_gone(token)

    @each_form
    def test_sigkill_of_a_stopped_run(self, options):
        """Also where every process of the run is stopped."""
        token = harness.new_token()
        with Background("run", *options, "--", "sh", "-c", f": {token}; echo ready; sleep 0.3; kill -STOP $$; sleep 600") as running:
            running.line()
            time.sleep(1)
            below = harness.descendants(running.pid)
            for pid in below:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGSTOP)
            running.signal(signal.SIGKILL)
            running.wait()
            gone = harness.wait_for(lambda: not [pid for pid in below if harness.processes().get(pid, "Z")[0] != "Z"], 10)
            for pid in below:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            self.assertTrue(gone, f"something of the run is left: {below}")

    @each_form
    def test_a_group_that_is_killed(self, options):
        token = harness.new_token()
        with Background("run", *options, "--", "sh", "-c", f": {token}; echo ready; while :; do sleep 0.2; done") as running:
            running.line()
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            self.assert_gone(token)


if __name__ == "__main__":
    harness.main()
