"""The broker's own confinement, from outside: what it has given up once it reads a request, and what its client says when
the kernel ends it.
"""

import os
import shutil
import subprocess

import harness
from harness import Background, Case, environment

HIJACKED = os.path.join(os.environ["CONFIDE_TEST_BIN_DIR"], "hijacked-broker")


class Broker(Case):
    def test_a_broker_that_was_taken_over_is_ended_by_its_filter(self):
        """A build of the broker that asks for a socket where it should resolve references (tests/support)."""
        programs = self.folder("programs")
        for source, name in ((harness.CONFIDE, "confide"), (os.path.join(harness.BIN, "confide-supervisor"), "confide-supervisor"), (HIJACKED, "confide-broker")):
            shutil.copy(source, os.path.join(programs, name))
        for arguments in (["run", *self.secret("TOKEN", "a value"), "--", "touch", "launched"], ["explain", *self.secret("TOKEN", "a value"), "--", "true"]):
            ran = subprocess.run([os.path.join(programs, "confide"), *arguments], env=environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
            self.assertEqual((ran.returncode, ran.stdout), (125, ""), ran.stderr)
            (line,) = ran.stderr.splitlines()
            self.assertIn("the broker was ended by its system call filter (SIGSYS), and nothing was handed over", line)
        self.assertFalse(os.path.exists("launched"))

    def test_what_it_has_given_up(self):
        with Background("run", *self.secret("TOKEN", "a value"), "--", "sh", "-c", "echo up; sleep 60") as running:
            self.assertEqual(running.line(), "up")
            brokers = {pid: self.status_of(pid) for pid, name in harness.descendants(running.pid).items() if name == "confide-broker"}
            filtered = [status for status in brokers.values() if status["Seccomp"] == "2"]
            self.assertEqual((len(brokers), len(filtered)), (2, 1), "the spawner, which holds nothing, and the broker")
            self.assertEqual(filtered[0]["NoNewPrivs"], "1")
            self.assertEqual(filtered[0]["Threads"], "1", "no thread holds a value")

    @staticmethod
    def status_of(pid):
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            return {name: value.strip() for name, value in (line.split(":", 1) for line in file)}


if __name__ == "__main__":
    harness.main()
